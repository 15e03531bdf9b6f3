-- The six stations, in pipeline order. Python reads them, too, see scripts/factory_metrics/shared_constants.py.
{% macro stations() -%}
    {{ return(['research', 'development', 'security', 'qa', 'acceptance', 'deploy']) }}
{%- endmacro %}


-- The stations as rows: station, station_position (1 to 6).
{% macro station_rows() -%}
    {% for station in stations() -%}
    select '{{ station }}' as station, {{ loop.index }} as station_position
    {%- if not loop.last %} union all
    {% endif -%}
    {%- endfor %}
{%- endmacro %}


-- Names as SQL literals, for `in (...)`.
{% macro quoted(names) -%}
    '{{ names | join("', '") }}'
{%- endmacro %}


-- A name of a station as names are compared: in lower case, without blanks around it, and with one separator for any run of
-- `_`, `-` and blanks.
{% macro station_name(text) -%}
    {{ one_separator(clean_name(text)) }}
{%- endmacro %}
