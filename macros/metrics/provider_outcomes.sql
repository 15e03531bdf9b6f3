-- The CTEs up to `outcomes`: what became of the work of each provider's sessions in the window.
{% macro provider_outcomes(keys) -%}
sessions as (

    {{ session_providers() }}

),

transitions as (

    {{ outcomes(keys + ['session_id', 'event_type']) }}

),

outcomes as (

    select
        {{ columns_of('transitions', keys) }},
        sessions.provider,
        count(case when transitions.event_type = 'work-item.completed' then 1 end) as completed_events,
        count(case when transitions.event_type = 'work-item.rework' then 1 end) as rework_events
    from transitions
    inner join sessions
        on transitions.org_id = sessions.org_id
        and transitions.session_id = sessions.session_id
    group by {{ columns_of('transitions', keys) }}, sessions.provider

),
{%- endmacro %}
