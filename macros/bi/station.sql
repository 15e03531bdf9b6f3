-- Stations for BI tools.


-- The stations as flat rows.
{% macro station_rows_of(relation, keys=['org_id'], percentiles=false) -%}
    select
        {{ window_columns(keys) }},
        station,
        cast(station_position as bigint) as station_position,

        -- the document
        wip_count,
        throughput,
        cycle_time_ms,
        yield,

        -- sums
        exited_visits,
        exited_issues,
        reworked_issues
        {{- and_percentiles(percentiles, ('cycle_time', 'ms')) }}
    from {{ relation }}
{%- endmacro %}


-- The same beside the window before, with percentiles.
{% macro station_extended(keys) -%}
    {{ with_previous(
        station_metrics, station_rows_of, keys,
        part='station',
        amounts=['wip_count', 'throughput', 'cycle_time_ms'],
        points=['yield'],
        others=['station_position', 'exited_visits', 'exited_issues', 'reworked_issues']
            + percentile_names('cycle_time', 'ms'),
        bases={'cycle_time_ms': ['exited_visits'], 'yield': ['exited_issues']}
    ) }}
{%- endmacro %}
