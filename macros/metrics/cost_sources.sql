-- Runs by where their cost is from: each metric that adds up costs says of how many runs they are known.


-- Where the cost of a run may be from.
{% macro cost_sources() -%}
    {{ return(['reported', 'computed', 'unknown']) }}
{%- endmacro %}


-- The names of cost_source_counts().
{% macro cost_run_counts() -%}
    {%- set names = [] -%}
    {%- for source in cost_sources() -%}
        {%- do names.append(source ~ '_cost_runs') -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


-- How many runs of a group have a reported, a computed and an unknown cost.
{% macro cost_source_counts() -%}
    {% for source in cost_sources() -%}
    count(case when cost_source = '{{ source }}' then 1 end) as {{ source }}_cost_runs{{ ',' if not loop.last }}
    {% endfor -%}
{%- endmacro %}


-- The runs of each org (or project) by where their cost is from; reads the CTE `runs`.
{% macro cost_source_runs(keys) -%}
    select
        {{ keys | join(', ') }},
        {{ cost_source_counts() }}
    from runs
    group by {{ keys | join(', ') }}
{%- endmacro %}


-- Their counts as columns of a select; 0 where there is no run.
{% macro joined_cost_run_counts() -%}
    {% for count in cost_run_counts() -%}
    coalesce(cost_source_runs.{{ count }}, 0) as {{ count }}{{ ',' if not loop.last }}
    {% endfor -%}
{%- endmacro %}
