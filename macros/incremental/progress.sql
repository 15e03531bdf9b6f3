-- How a model takes in only what is new.
--
-- Each run that finds new rows in the logs is a batch, with a number. The table `model_progress` holds, for each
-- incremental model, the batch up to which it has taken in the logs; it is written in the transaction that writes the
-- model, so a run that ends anywhere leaves nothing half done: the next one goes on from there.
--
-- Its `generation` says from which build of the model (or models) that it follows a model comes, and from which SQL of its
-- own. A model that is built from all rows gets a new one, and then so do the models that follow it. The generation of the
-- logs, which the first model follows, is made of where they are and of the macros that read them.
--
-- A hook or strategy is one statement, as some engines take no more at a time. What needs several calls statement() for all
-- but the last.


-- Where the progress of a relation's database is kept.
{% macro progress_table(relation) -%}
    {%- set is_history = relation.database != warehouse_database() and relation.database == history_database() -%}
    {{ return(api.Relation.create(
        database=relation.database,
        schema=target.schema if is_history else internal_schema(),
        identifier='model_progress',
    )) }}
{%- endmacro %}


-- Makes that table in each database, before every run.
{% macro create_progress_tables() -%}
    {%- for database in [warehouse_database(), history_database()] | unique if can_delete_rows() -%}
        {%- call statement(auto_begin=false) -%}
        create table if not exists {{ progress_table(api.Relation.create(database=database)) }} (
            model {{ dbt.type_string() }}, generation {{ dbt.type_string() }}, batch_id bigint
        )
        {%- endcall -%}
    {%- endfor -%}
{%- endmacro %}


-- The database of what only the runs read: every delivered row. The warehouse's own, unless it is kept apart.
{% macro history_database() -%}
    {{ return('history' if env_var('FACTORY_HISTORY', '') else warehouse_database()) }}
{%- endmacro %}


-- A model of that database, by name: where a model that reads it would make a circle. All of `history` is in one schema, as
-- nobody else reads it.
{% macro history_relation(name) -%}
    {{ return(api.Relation.create(
        database=history_database(),
        schema=target.schema if env_var('FACTORY_HISTORY', '') else schema_called('staging'),
        identifier=name,
    )) }}
{%- endmacro %}


-- What is recorded of a relation: generation and batch_id; none when nothing is.
{% macro progress_of(relation) -%}
    {%- set rows = run_query(
        "select generation, batch_id from " ~ progress_table(relation) ~ " where model = '" ~ relation.identifier ~ "'"
    ).rows if can_delete_rows() else [] -%}
    {{ return({'generation': rows[0][0], 'batch_id': (rows[0][1] or 0) | int} if rows else none) }}
{%- endmacro %}


-- The progress of the model, or models, that this one follows. The first one follows the logs themselves.
{% macro followed_progress() -%}
    {%- set follows = model.config.meta.follows -%}
    {%- if not follows -%}
        {{ return({'generation': logs_generation(), 'batch_id': none}) }}
    {%- endif -%}
    {%- set progress = [] -%}
    {%- for name in ([follows] if follows is string else follows) -%}
        {%- do progress.append(progress_of(ref(name))) -%}
    {%- endfor -%}
    {%- if none in progress -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return({
        'generation': progress | map(attribute='generation') | join(' and '),
        'batch_id': progress | map(attribute='batch_id') | min,
    }) }}
{%- endmacro %}


-- The batch up to which progress has come, if it goes on from what it follows and was made by the same SQL; none when it
-- has to start over.
{% macro batch_to_go_on_from(own, followed, checksum) -%}
    {%- set goes_on = own and followed and own.generation.startswith(followed.generation ~ '/' ~ checksum ~ ' ') -%}
    {{ return(own.batch_id if goes_on else none) }}
{%- endmacro %}


-- A short checksum of a model's SQL, and of the settings that its meta says it is made with.
{% macro sql_checksum(node) -%}
    {%- set parts = [node.checksum.checksum[:12]] -%}
    {%- for name in node.config.meta.settings or [] -%}
        {%- do parts.append(setting_checksum(name)) -%}
    {%- endfor -%}
    {{ return(parts[0] if parts | length == 1 else parts[0] ~ local_md5(parts[1:] | join(' '))[:12]) }}
{%- endmacro %}


-- What a setting is today: a var, or the lines of a seed. Those that only events' runs need do not matter without them.
{% macro setting_checksum(name) -%}
    {%- if name == 'runs_from' -%}
        {{ return(var('runs_from')) }}
    {%- elif name != 'model_prices' and not runs_come_from_events() -%}
        {{ return('') }}
    {%- endif -%}
    {{ return(run_query('select ' ~ lines_checksum(name)).rows[0][0]) }}
{%- endmacro %}


-- The batch up to which this model has taken in the logs; none when it has to be built from all rows.
{% macro taken_in() -%}
    {%- if execute and model.resource_type == 'model' and is_incremental() -%}
        {{ return(batch_to_go_on_from(progress_of(this), followed_progress(), sql_checksum(model))) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


-- The number of the batch that this run is for models that follow another.
{% macro followed_batch() -%}
    {%- set followed = followed_progress() if execute and model.resource_type == 'model' else none -%}
    {{ return(followed.batch_id if followed else 0) }}
{%- endmacro %}


-- The post-hook of every incremental model.
{% macro record_progress() -%}
    {%- if execute and model.config.materialized == 'incremental' -%}
    {%- set own = progress_of(this) -%}
    {%- set followed = followed_progress() -%}
    {%- set goes_on = batch_to_go_on_from(own, followed, sql_checksum(model)) is not none and not should_full_refresh() -%}
    {%- call statement() -%}
    delete from {{ progress_table(this) }} where model = '{{ this.identifier }}'
    {%- endcall -%}
    insert into {{ progress_table(this) }} (model, generation, batch_id)
    select
        '{{ this.identifier }}' as model,
        '{{ own.generation if goes_on else followed.generation ~ '/' ~ sql_checksum(model) ~ ' ' ~ invocation_id }}' as generation,
        {% if followed.batch_id is none -%}
        (select coalesce(max(batch_id), 0) from {{ this }}) as batch_id
        {%- else -%}
        {{ followed.batch_id }} as batch_id
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


-- How far the logs have been taken in; none when nothing has.
{% macro landed_progress() -%}
    {{ return(progress_of(history_relation('landed_parts'))) }}
{%- endmacro %}
