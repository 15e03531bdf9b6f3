-- The types of events, and which of them enter a station. Python reads them, too.


-- The types of events that a log may have. What a `pipeline.*`, `deployment.*` or `incident.*` event is about, its payload
-- names; any other may have an `issue_id`.
{% macro event_types() -%}
    {{ return([
        'work-item.started',
        'work-item.handoff',
        'work-item.rework',
        'work-item.completed',
        'human.review-started',
        'human.review-completed',
        'human.override',
        'agent.tool-summary',
        'agent.crash-recovery',
        'pipeline.started',
        'pipeline.finished',
        'deployment.finished',
        'incident.opened',
        'incident.resolved',
    ]) }}
{%- endmacro %}


-- The types of events that enter a station, each with the key of its payload that names it.
{% macro station_keys() -%}
    {{ return({'work-item.started': 'stage', 'work-item.handoff': 'toStage', 'work-item.rework': 'toStage'}) }}
{%- endmacro %}
