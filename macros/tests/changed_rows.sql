-- What tests look at: rows that came since all tests last passed.


-- The batch up to which all tests have passed; 0 when they have to look at everything. scripts/refresh.py writes it into
-- what it publishes; without it, tests look at everything.
{% macro tested_batch() -%}
    {%- if not execute -%}
        {{ return(0) }}
    {%- endif -%}
    {%- set landed = landed_progress() -%}
    {%- set tested = progress_of(api.Relation.create(database=warehouse_database(), identifier='tests')) -%}
    {{ return(tested.batch_id if landed and tested and tested.generation == landed.generation else 0) }}
{%- endmacro %}


-- What a test looks at: dbt asks this of every test. With `changed_key` in its meta, these are only the rows with a key of
-- the deliveries of `log` (or of `runs`, wherever they come from) that came since all tests last passed; `log_key` is what
-- that key is in the log.
{% macro get_where_subquery(relation) -%}
    {%- set conditions = [config.get('where')] | select | list -%}
    {%- set meta = config.get('meta') or {} -%}
    {%- set tested = tested_batch() if meta.changed_key else 0 -%}
    {%- if tested > 0 -%}
        {%- set keys = [] -%}
        {%- for name in delivery_models(meta.log) -%}
            {%- set followed = relation.incorporate(path={'identifier': name}) if name.startswith('int_')
                else history_relation(name) -%}
            {%- do keys.append(
                "select " ~ (meta.log_key or meta.changed_key) ~ " from " ~ followed
                ~ " where batch_id > " ~ tested
            ) -%}
        {%- endfor -%}
        {%- do conditions.append(meta.changed_key ~ " in (" ~ keys | join(' union ') ~ ")") -%}
    {%- endif -%}
    {{ return("(select * from " ~ relation ~ " where " ~ conditions | join(' and ') ~ ") as looked_at" if conditions
        else relation) }}
{%- endmacro %}
