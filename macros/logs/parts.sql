-- The parts of the logs: which there are, and which have to be read.


-- The parts of a log as they are now (files, or the hours of a table), each with a fingerprint that changes when it does.
{% macro found_parts(log, known_parts) -%}
    {%- if is_demo() %}
-- A seed that is read as a source has no edge of its own.
-- depends_on: {{ ref(log) }}
    {% endif -%}
    {%- set described = log_columns(log) -%}
    {{ list_log_parts(source('factory', log), described.columns, described.optional, known_parts) }}
{%- endmacro %}


-- The parts of both logs.
{% macro found_parts_of_logs(known_parts) -%}
    {%- for log in log_models() -%}
    select '{{ log }}' as log, parts.part, parts.fingerprint
    from ({{ found_parts(log, known_parts) }}) as parts
    {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}


-- The rows of the parts of a log that its base model has not taken in yet.
{% macro landed_log(log) -%}
    {%- set described = log_columns(log) -%}
    {%- set since = taken_in_by(log_models()[log][0], ref('landed_parts')) -%}
    {%- set parts = unread_parts(log, ref('landed_parts'), since) -%}
    {%- if since is none -%}
        {%- do assert_parts_are_there(log) -%}
    {%- endif -%}
    select
        landed.*,
        parts.part_id
    from (
        {{ read_log(source('factory', log), described.columns, described.optional, parts, since is not none) }}
    ) as landed
    inner join {{ ref('landed_parts') }} as parts on landed.part = parts.part
    where
        parts.log = '{{ log }}'
        and parts.batch_id > {{ since or 0 }}
{%- endmacro %}


-- The batch up to which a base model has taken in its log; none when it has to be built from all rows. By its name, for
-- a landed log cannot refer to the model that reads it.
{% macro taken_in_by(base_model, followed) -%}
    {%- set relation = history_relation(base_model) -%}
    {%- if execute and not flags.FULL_REFRESH and load_relation(relation) and load_relation(followed) -%}
        {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ base_model] -%}
        {{ return(batch_to_go_on_from(progress_of(relation), progress_of(followed), sql_checksum(node))) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


-- The parts of a log that came or changed after a batch, with part and part_id, except those that are gone or have
-- changed again: what can be read of a part now is what the run that landed it read.
{% macro parts_as_landed(log, landed_parts, since) -%}
    {%- set described = log_columns(log) -%}
    {%- set found = list_log_parts(source('factory', log), described.columns, described.optional, none) -%}
    {{ return(run_query(
        "select landed.part, landed.part_id from " ~ landed_parts ~ " as landed inner join (" ~ found ~ ") as found"
        ~ " on landed.part = found.part and landed.fingerprint = found.fingerprint"
        ~ " where landed.log = '" ~ log ~ "' and landed.batch_id > " ~ (since or 0) ~ " order by landed.part_id"
    ) if execute and load_relation(landed_parts) else none) }}
{%- endmacro %}


-- The names of the parts of a log that came or changed after a batch.
{% macro unread_parts(log, landed_parts, since) -%}
    {%- if not execute or not load_relation(landed_parts) -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(run_query(
        "select part from " ~ landed_parts ~ " where log = '" ~ log ~ "' and batch_id > " ~ (since or 0)
        ~ " order by part_id"
    ).columns[0].values() | list) }}
{%- endmacro %}


-- Stops a run that would read a log again, because models or macros have changed, when parts that were read are gone:
-- their rows would be lost.
{% macro assert_parts_are_there(log) -%}
    {%- set base = history_relation(log_models()[log][0]) -%}
    {%- set landed_parts = history_relation('landed_parts') -%}
    {%- if execute and not flags.FULL_REFRESH and load_relation(base) and load_relation(landed_parts) -%}
        {%- set own = progress_of(base) -%}
        {%- if own and own.generation.startswith(logs_place()) -%}
            {%- set described = log_columns(log) -%}
            {%- set found = list_log_parts(source('factory', log), described.columns, described.optional, none) -%}
            {#- an hour of a table that has lost rows is as good as gone -#}
            {%- set has_lost_rows = "false" if var('raw_path')
                else "cast(found.fingerprint as bigint) < cast(parts.fingerprint as bigint)" -%}
            {%- set gone = run_query(
                "select parts.part from " ~ landed_parts ~ " as parts"
                ~ " left join (" ~ found ~ ") as found on parts.part = found.part"
                ~ " where parts.log = '" ~ log ~ "' and (found.part is null or " ~ has_lost_rows ~ ")"
                ~ " and parts.part_id in (select part_id from " ~ base ~ ") order by 1"
            ).columns[0].values() -%}
            {%- if gone -%}
                {{ exceptions.raise_compiler_error(
                    "this version has to read " ~ log ~ " again, but " ~ gone | length ~ " parts of it that were read are gone,"
                    ~ " the first is " ~ gone[0] ~ ": put them back, or build with --full-refresh to go on without their rows"
                ) }}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
