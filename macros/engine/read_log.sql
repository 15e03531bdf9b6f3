-- Reading logs: rows as they arrived, with types.


-- The rows of a raw log with the log's columns, typed, whatever form they arrived in. Beside them:
--   has_<column>  for each measure: whether it has a value, be it one that is no measure
--   is_readable   false for text that is no row at all
--   line          the row as it arrived, where it arrived as text
--   raw_row       the row as it arrived, where it arrived with columns (a struct)
--   origin        the file or table that it came from
--   part          the part of the log that it came in
-- Each engine reads files its own way. `relation` is the log as a source, `columns` and `optional` are what
-- `log_columns` says of it, `parts` names the parts to read. A table is read whole unless `only_parts` is set.
{% macro read_log(relation, columns, optional, parts, only_parts) -%}
    {{ return(adapter.dispatch('read_log')(relation, columns, optional, parts, only_parts)) }}
{%- endmacro %}


-- The type in which a kind of column is landed.
{% macro landed_type(kind) -%}
    {{ return({'timestamp': 'timestamp', 'measure': measure_type()}.get(kind, dbt.type_string())) }}
{%- endmacro %}
