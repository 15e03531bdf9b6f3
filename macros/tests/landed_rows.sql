-- Rows of logs for fixtures.


-- Rows of a log for unit tests, as `landed_events` and `landed_runs` have them. The first has the columns of `first`, the
-- others what they name and else the same; with `each_mends_more` as the one before, not as the first. Columns that none names
-- are null.
{% macro landed_rows(log, first, others=[], each_mends_more=false) -%}
    {%- set types = {} -%}
    {%- for column, kind in raw_logs()[log].items() -%}
        {%- do types.update({column: landed_type(kind)}) -%}
        {%- if kind == 'measure' -%}
            {%- do types.update({'has_' ~ column: 'boolean'}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do types.update({'is_readable': 'boolean', 'line': landed_type('text'), 'origin': landed_type('text')}) -%}
    {%- set rows = [first] -%}
    {%- for changes in others -%}
        {%- do rows.append(dict(rows[-1] if each_mends_more else first, **changes)) -%}
    {%- endfor -%}
    {%- for row in rows %}
    select
        {%- for column, type in types.items() %}
        cast({{ fixture_value(row.get(column)) }} as {{ type }}) as {{ column }},
        {%- endfor %}
        {{ fixture_value(row.get('raw_row')) }} as raw_row,
        1 as part_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


-- A value of such a row: a text, a number, a boolean or nothing; or a mapping, for a struct.
{% macro fixture_value(value) -%}
    {%- if value is none -%}
        cast(null as {{ landed_type('text') }})
    {%- elif value is mapping -%}
        {%- set fields = {} -%}
        {%- for name, field in value.items() -%}
            {%- do fields.update({name: fixture_value(field)}) -%}
        {%- endfor -%}
        {{ make_struct(fields) }}
    {%- elif value is string -%}
        {{ sql_text(value) }}
    {%- else -%}
        {{ value }}
    {%- endif -%}
{%- endmacro %}
