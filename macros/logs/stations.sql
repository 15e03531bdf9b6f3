-- Stations, and the names that logs have for them.


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


-- The rows of a relation with `station`, the station that their `station_name` stands for in their org; null for a name
-- that stands for none.
{% macro with_station(relation) -%}
    select
        named.*,
        case
            when named.station_name in ({{ quoted(stations()) }}) then named.station_name
            else coalesce(of_org.station, of_all.station)
        end as station
    from {{ relation }} as named
    left join {{ ref('stg_station_aliases') }} as of_org
        on of_org.is_in_use and named.station_name = of_org.station_name and named.org_id = of_org.org_id
    left join {{ ref('stg_station_aliases') }} as of_all
        on of_all.is_in_use and named.station_name = of_all.station_name and of_all.org_id is null
{%- endmacro %}
