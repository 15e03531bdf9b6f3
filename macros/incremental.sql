-- How a model takes in only what is new.
--
-- Each run that finds new rows in the logs is a batch, with a number. The table `model_progress` holds, for each
-- incremental model, the batch up to which it has taken in the logs; it is written in the transaction that writes the
-- model, so a run that ends anywhere leaves nothing half done: the next one goes on from there.
--
-- Its `generation` says from which build of the model (or models) that it follows a model comes, and from which SQL of its own. A
-- model that is built from all rows gets a new one, and then so do the models that follow it. That of the logs, which the
-- first one follows, is made of where they are and of the macros that read them.


-- Where the progress of a relation's database is kept.
{% macro progress_table(relation) -%}
    {{ return(api.Relation.create(database=relation.database, schema=target.schema, identifier='model_progress')) }}
{%- endmacro %}


{% macro create_progress_tables() -%}
    {%- for database in [target.database, history_database()] | unique -%}
        {%- set table = progress_table(api.Relation.create(database=database)) -%}
        create table if not exists {{ table }} (
            model {{ dbt.type_string() }}, generation {{ dbt.type_string() }}, batch_id bigint
        );
    {% endfor -%}
{%- endmacro %}


-- Stops a command that would write to a warehouse of other logs than its variables name, and notes which logs it is of. It runs
-- before seeds, too: the demo's would take the place of tables with the logs' names. Runs that keep a history of their own
-- check that themselves, before dbt starts.
{% macro claim_warehouse() -%}
    {%- if execute and flags.WHICH in ['build', 'run', 'seed', 'snapshot'] and not env_var('FACTORY_HISTORY', '') -%}
        {%- if not flags.FULL_REFRESH -%}
            {%- do assert_logs_are_the_same() -%}
        {%- endif -%}
        {%- set table = progress_table(api.Relation.create(database=target.database)) -%}
        delete from {{ table }} where model = 'logs';
        insert into {{ table }} (model, generation) values ('logs', '{{ logs_place() }}');
    {%- endif -%}
{%- endmacro %}


{% macro assert_logs_are_the_same() -%}
    {%- set what_to_do = "to keep it, name another file in FACTORY_WAREHOUSE; to begin anew in it, use --full-refresh" -%}
    {%- set known = [] -%}
    {%- for name in ['logs', 'landed_parts'] -%}
        {%- do known.append(progress_of(api.Relation.create(database=target.database, identifier=name))) -%}
    {%- endfor -%}
    {%- for progress in known if progress and not progress.generation.startswith(logs_place()) -%}
        {%- set is_of_demo = progress.generation.startswith(place_of_logs('', '', '')) -%}
        {{ exceptions.raise_compiler_error(
            target.path ~ " was built from " ~ ("the demo's seeds" if is_of_demo else "other logs")
            ~ (", and --vars names none, which stands for the demo's: name those logs; " if is_demo()
                else ", not from those that --vars names: ") ~ what_to_do
        ) }}
    {%- endfor -%}
    {%- if is_demo() and known | select | list == [] -%}
        {%- for log in ['factory_events', 'factory_metrics'] if adapter.get_relation(target.database, 'raw', log) -%}
            {{ exceptions.raise_compiler_error(
                target.path ~ " has a table raw." ~ log ~ ", whose place the demo's seed would take, as --vars names no logs:"
                ~ " name it with {raw_schema: raw}; " ~ what_to_do
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


-- The database of what only the runs read: every delivered row. The warehouse's own, unless it is kept apart.
{% macro history_database() -%}
    {{ return('history' if env_var('FACTORY_HISTORY', '') else target.database) }}
{%- endmacro %}


-- What is recorded of a relation: generation and batch_id; none when nothing is.
{% macro progress_of(relation) -%}
    {%- set rows = run_query(
        "select generation, batch_id from " ~ progress_table(relation) ~ " where model = '" ~ relation.identifier ~ "'"
    ).rows -%}
    {{ return({'generation': rows[0][0], 'batch_id': (rows[0][1] or 0) | int} if rows else none) }}
{%- endmacro %}


-- How far the logs have been taken in; none when nothing has.
{% macro landed_progress() -%}
    {{ return(progress_of(api.Relation.create(database=history_database(), identifier='landed_parts'))) }}
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
-- has to begin anew.
{% macro batch_to_go_on_from(own, followed, checksum) -%}
    {%- set goes_on = own and followed and own.generation.startswith(followed.generation ~ '/' ~ checksum ~ ' ') -%}
    {{ return(own.batch_id if goes_on else none) }}
{%- endmacro %}


-- A short checksum of a model's SQL.
{% macro sql_checksum(node) -%}
    {{ return(node.checksum.checksum[:12]) }}
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
    delete from {{ progress_table(this) }} where model = '{{ this.identifier }}';
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


-- A model that says what is new. Unit tests, which compute all rows, do not know of it.
{% macro log_ref(name) -%}
    {{ return(none if model.resource_type == 'unit_test' else ref(name)) }}
{%- endmacro %}


-- The keys of what a model has to compute anew: those of the events (or runs) that are new since it last took in the log,
-- and of their other deliveries; none when all have to be. The model's meta says what its key is called in the log.
{% macro changed_events() -%}
    {{ return(changed_keys([log_ref('base_event_deliveries'), log_ref('redelivered_events')])) }}
{%- endmacro %}


{% macro changed_runs() -%}
    {{ return(changed_keys([log_ref('base_run_deliveries'), log_ref('redelivered_runs')])) }}
{%- endmacro %}


-- Some columns of the events that have changed, once each; none when all have. The condition is that of the model's own
-- events unless another is given.
{% macro changed_events_of(columns, condition=none) -%}
    {{ return(changed_rows([log_ref('base_event_deliveries'), log_ref('redelivered_events')], columns, condition)) }}
{%- endmacro %}


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


-- The parts of the logs that came or changed since a model last took in the logs; none when all have.
{% macro changed_parts() -%}
    {%- set landed_parts = log_ref('landed_parts') -%}
    {%- set since = taken_in() -%}
    {{ return(none if since is none else "select part_id from " ~ landed_parts ~ " where batch_id > " ~ since) }}
{%- endmacro %}


-- Whether a row is one that a model has to compute anew: its key is among the changed ones, or all of them are.
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


-- The strategy of every incremental model: rows with the keys that have changed are replaced. Unlike dbt's own
-- `delete+insert`, it also deletes those of which nothing is left.
{% macro get_incremental_replace_changed_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments.dest_columns | map(attribute='name')) -%}
    {%- set since = taken_in() -%}
    delete from {{ arguments.target_relation }}
    {% if since is not none and arguments.unique_key == 'part_id' and model.config.meta.follows -%}
    {#- by their numbers, as few blocks of rows have them; `landed_parts` itself, which follows nothing, is small -#}
    where part_id in ({{ run_query(changed_parts()).columns[0].values() | join(', ') or 'null' }})
    {%- elif since is not none -%}
    where {{ arguments.unique_key }} in (
        select {{ arguments.unique_key }} from {{ arguments.temp_relation }}
        {%- if model.config.meta.changed_key %}
        union {{ changed_keys(followed_deliveries()) }}
        {%- endif %}
    )
    {%- endif %};

    insert into {{ arguments.target_relation }} ({{ columns }})
    select {{ columns }} from {{ arguments.temp_relation }}
{%- endmacro %}


-- The relations that tell a model what has changed, out of those that it depends on.
{% macro followed_deliveries() -%}
    {%- set relations = [] -%}
    {%- for name in ['base_event_deliveries', 'redelivered_events', 'base_run_deliveries', 'redelivered_runs'] -%}
        {%- if 'model.' ~ project_name ~ '.' ~ name in model.depends_on.nodes -%}
            {%- do relations.append(ref(name)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(relations) }}
{%- endmacro %}


-- The last CTEs of a base model: its rows with the batch that brought each of them. A part that is read again brings
-- only what it did not have; what it no longer has is kept as withdrawn, so that models that follow see it change. One
-- that has gone since it was found to have changed keeps its rows.
{% macro delivered_in_batches(delivered, log) -%}
    {%- set since = taken_in() -%}
    {%- set batch_id = followed_batch() -%}
    {#- whether there are any or not, for dbt to see what it refers to -#}
    {%- set read_again = changed_parts() ~ " and first_batch_id <= " ~ since -%}
    {%- set described = log_columns(log) -%}
    {%- if since is none or not run_query(read_again).rows -%}
final as (

    select
        *,
        cast({{ batch_id }} as bigint) as batch_id,
        cast(null as bigint) as withdrawn_batch_id
    from {{ delivered }}

)
    {%- else -%}
    {%- set fields = {} -%}
    {%- for column in adapter.get_columns_in_relation(this)
        if column.name not in ('batch_id', 'withdrawn_batch_id') -%}
        {%- do fields.update({column.name: column.name}) -%}
    {%- endfor -%}
    {#- a table may have got another column since -#}
    {%- set compared = dict(fields, record=without_nulls('record')) -%}
stored as (

    select
        {{ make_struct(fields) }} as delivery,
        {{ make_struct(compared) }} as compared,
        batch_id,
        withdrawn_batch_id
    from {{ this }}
    where part_id in ({{ read_again }})

),

-- Equal rows are told apart by a number.
numbered_before as (

    select
        *,
        row_number() over (partition by compared order by batch_id) as copy
    from stored
    where withdrawn_batch_id is null

),

numbered_now as (

    select
        {{ make_struct(fields) }} as delivery,
        {{ make_struct(compared) }} as compared,
        row_number() over (partition by {{ make_struct(compared) }}) as copy
    from {{ delivered }}

),

-- A delivery stays as it was stored first.
matched as (

    select
        coalesce(numbered_before.delivery, numbered_now.delivery) as delivery,
        numbered_before.batch_id,
        numbered_before.delivery is null as is_new,
        {#- a table whose old rows are gone has been cleaned up; a file has been corrected -#}
        {%- if var('raw_path') %}
        numbered_now.delivery is null and numbered_before.delivery.part_id in (
            select parts.part_id
            from {{ ref('landed_parts') }} as parts
            inner join ({{ list_log_parts(source('factory', log), described.columns, described.optional, none) }}) as found
                on parts.part = found.part
            where parts.log = '{{ log }}'
        ) as is_withdrawn
        {%- else %}
        false as is_withdrawn
        {%- endif %}
    from numbered_now
    full outer join numbered_before
        on numbered_now.compared = numbered_before.compared
        and numbered_now.copy = numbered_before.copy

),

final as (

    select
        delivery.*,
        case when is_new or is_withdrawn then cast({{ batch_id }} as bigint) else batch_id end as batch_id,
        case when is_withdrawn then cast({{ batch_id }} as bigint) end as withdrawn_batch_id
    from matched
    where not (is_withdrawn and delivery.rejected_rule is not null)

    union all

    select
        delivery.*,
        batch_id,
        withdrawn_batch_id
    from stored
    where withdrawn_batch_id is not null

)
    {%- endif -%}
{%- endmacro %}


-- The batch up to which all tests have passed; 0 when they have to look at everything. scripts/refresh.py writes it into
-- what it publishes; without it, tests look at everything.
{% macro tested_batch() -%}
    {%- if not execute -%}
        {{ return(0) }}
    {%- endif -%}
    {%- set landed = landed_progress() -%}
    {%- set tested = progress_of(api.Relation.create(database=target.database, identifier='tests')) -%}
    {{ return(tested.batch_id if landed and tested and tested.generation == landed.generation else 0) }}
{%- endmacro %}


-- What a test looks at: dbt asks this of every test. With `changed_key` in its meta, these are only the rows with a key of
-- the deliveries of `log` that came since all tests last passed; `log_key` is what that key is in the log.
{% macro get_where_subquery(relation) -%}
    {%- set conditions = [config.get('where')] | select | list -%}
    {%- set meta = config.get('meta') or {} -%}
    {%- set tested = tested_batch() if meta.changed_key else 0 -%}
    {%- if tested > 0 -%}
        {%- set keys = [] -%}
        {%- for name in {
            'factory_events': ['base_event_deliveries', 'redelivered_events'],
            'factory_metrics': ['base_run_deliveries', 'redelivered_runs'],
        }[meta.log] -%}
            {%- set deliveries = api.Relation.create(
                database=history_database(), schema=target.schema, identifier=name
            ) -%}
            {%- do keys.append(
                "select " ~ (meta.log_key or meta.changed_key) ~ " from " ~ deliveries ~ " where batch_id > " ~ tested
            ) -%}
        {%- endfor -%}
        {%- do conditions.append(meta.changed_key ~ " in (" ~ keys | join(' union ') ~ ")") -%}
    {%- endif -%}
    {{ return("(select * from " ~ relation ~ " where " ~ conditions | join(' and ') ~ ") as looked_at" if conditions
        else relation) }}
{%- endmacro %}
