-- What has changed since a model last took in the logs. What it computes of that is in rows_to_compute.sql.


-- A model that says what is new. Unit tests, which compute all rows, do not know of it.
{% macro log_ref(name) -%}
    {{ return(none if model.resource_type == 'unit_test' else ref(name)) }}
{%- endmacro %}


-- The models that say what is new of a log, or of runs, wherever they come from: events may tell of them.
{% macro delivery_models(of) -%}
    {%- set models = log_models() -%}
    {{ return(models[of] if of in models else models.factory_events + ['int_run_events'] + models.factory_metrics) }}
{%- endmacro %}


-- The same as relations.
{% macro log_refs(of) -%}
    {%- set relations = [] -%}
    {%- for name in delivery_models(of) -%}
        {%- do relations.append(log_ref(name)) -%}
    {%- endfor -%}
    {{ return(relations) }}
{%- endmacro %}


-- The keys of what a model has to compute again: of the events (or runs) that are new since it last took in the log, and
-- of their other deliveries; none when all have to be. The model's meta says what its key is called in the log.
{% macro changed_events() -%}
    {{ return(changed_keys(log_refs('factory_events'))) }}
{%- endmacro %}


-- The same for runs.
{% macro changed_runs() -%}
    {{ return(changed_keys(log_refs('factory_metrics'))) }}
{%- endmacro %}


-- The sessions of runs, and of events that tell of runs, that are new.
{% macro changed_run_events() -%}
    {{ return(changed_keys(log_refs('runs'))) }}
{%- endmacro %}


-- Some columns of the events that have changed, once each; none when all have. The condition is the model's own unless
-- another is given.
{% macro changed_events_of(columns, condition=none) -%}
    {{ return(changed_rows(log_refs('factory_events'), columns, condition)) }}
{%- endmacro %}


-- The model's keys in the rows that have changed, once each; none when all have.
{% macro changed_keys(relations) -%}
    {{ return(changed_rows(relations, model.config.meta.changed_key)) }}
{%- endmacro %}


-- Some columns of the rows that have changed, once each; none when all rows have.
{% macro changed_rows(relations, columns, condition=none) -%}
    {%- set since = taken_in() -%}
    {%- set condition = condition or model.config.meta.changed_where -%}
    {%- if since is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set selects = [] -%}
    {%- for relation in relations -%}
        {%- do selects.append(
            "select " ~ columns ~ " from " ~ relation ~ " where batch_id > " ~ since
            ~ (" and rejected_rule is null" if relation.identifier.startswith('base_'))
            ~ (" and (" ~ condition ~ ")" if condition)
        ) -%}
    {%- endfor -%}
    {{ return(selects | join(' union ')) }}
{%- endmacro %}


-- The parts of the logs that came or changed since a model last took in the logs, or in which rows are judged otherwise,
-- as the base models that it follows say; none when all have.
{% macro changed_parts() -%}
    {%- set selects = ["select part_id from " ~ log_ref('landed_parts')] -%}
    {%- for name in log_models().values() | map('first') if name in (model.config.meta.follows or '') -%}
        {%- do selects.append("select part_id from " ~ log_ref(name)) -%}
    {%- endfor -%}
    {%- set since = taken_in() -%}
    {{ return(none if since is none else selects | join(" where batch_id > " ~ since ~ " union ") ~ " where batch_id > " ~ since) }}
{%- endmacro %}


-- Whether a row is one that a model has to compute again: its key is among the changed ones, or all of them are.
{% macro is_changed(key, changed) -%}
    {%- if changed is none -%}
    true
    {%- else -%}
    {{ key }} in ({{ changed }})
    {%- endif -%}
{%- endmacro %}


-- The rows of a relation that the model does not have yet as they are, when it computes more than what changed itself
-- (`changed`, its keys).
{% macro rows_that_differ(relation, changed) -%}
    select * from {{ relation }}
    {%- if changed is not none %}
    {%- set key = config.get('unique_key') %}
    {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='quoted') | join(', ') %}
    where
        {{ key }} in ({{ changed }})
        or {{ key }} in (
            select {{ key }} from (
                select {{ columns }} from {{ relation }}
                except
                select {{ columns }} from {{ this }}
                where {{ key }} in (select {{ key }} from {{ relation }})
            ) as different
        )
    {%- endif %}
{%- endmacro %}


-- The relations that tell a model what has changed, out of those that it depends on.
{% macro followed_deliveries() -%}
    {%- set relations = [] -%}
    {%- for name in delivery_models('runs') -%}
        {%- if 'model.' ~ project_name ~ '.' ~ name in model.depends_on.nodes -%}
            {%- do relations.append(ref(name)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(relations) }}
{%- endmacro %}
