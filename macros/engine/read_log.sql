-- Reading logs: rows as they arrived, with types.


-- The rows of a raw log with the log's columns, typed, whatever form they arrived in. Beside them:
--   has_<column>  for each measure: whether it has a value, even one that is no measure
--   is_readable   false for text that is no row at all
--   line          the row as it arrived, where it arrived as text
--   raw_row       the row as it arrived, where it arrived with columns (a struct)
--   origin        the file or table that it came from
--   part          the part of the log that it came in
-- `relation` is the log as a source, `columns` and `optional` are what `log_columns` says of it, `parts` names the parts to
-- read. A table is read whole unless `only_parts` is set.
{% macro read_log(relation, columns, optional, parts, only_parts) -%}
    {%- set selects = [] -%}
    {%- if execute and parts -%}
        {%- set sources = log_sources(relation, parts) -%}
        {%- set types = raw_column_types(sources) -%}
        {%- for part in sources -%}
            {%- if part.columns -%}
                {%- do assert_columns(part, relation.identifier, columns, optional) -%}
            {%- endif -%}
            {%- do selects.append(read_part(part, columns, types, parts if only_parts else none)) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set text = 'cast(null as ' ~ dbt.type_string() ~ ')' -%}
    {%- if selects -%}
        {{ selects | join('\nunion all\n') }}
    {%- else -%}
        select
            {% for column, described in columns.items() -%}
            {{ landed_columns(column, described.kind, []) }}
            {%- endfor -%}
            true as is_readable,
            {{ text }} as line,
            {{ make_struct({'line': text}) }} as raw_row,
            {{ text }} as origin,
            {{ text }} as part
        where false
    {%- endif -%}
{%- endmacro %}


-- The rows of one of `log_sources`. Each engine reads files its own way. `types` are what `raw_column_types` gave, `hours` the
-- parts of a table to read, none for all.
{% macro read_part(part, columns, types, hours) -%}
    {{ return(adapter.dispatch('read_part')(part, columns, types, hours)) }}
{%- endmacro %}


-- The type in which a kind of column is landed.
{% macro landed_type(kind) -%}
    {{ return({'timestamp': 'timestamp', 'measure': measure_type()}.get(kind, dbt.type_string())) }}
{%- endmacro %}
