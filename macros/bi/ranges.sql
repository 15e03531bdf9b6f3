-- The marts of a metric type over all ranges (var time_ranges), each row with the name of its range.
{% macro all_ranges(metric_type) -%}
    {% for days in var('time_ranges') -%}
    select
        '{{ days }}d' as time_range,
        mart.*
    from {{ ref(metric_type ~ '_' ~ days ~ 'd') }} as mart
    {{- '\n    union all\n    ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
