{{ config(unique_key='part_id') }}
{% set since = taken_in() %}
{% set batch_id = (since or 0) + 1 %}
{% set found = found_parts_of_logs(this if since is not none else none) %}
{% if since is none %}
{% for log in log_models() %}
{% do assert_parts_are_there(log) %}
{% endfor %}
{% endif %}

with

found as (

    {{ found }}
    union all
    {{ settings_parts() }}

),

known as (

    {% if is_incremental() -%}
    select * from {{ this }}
    {%- else -%}
    select
        cast(null as {{ dbt.type_string() }}) as log,
        cast(null as {{ dbt.type_string() }}) as part,
        cast(null as {{ dbt.type_string() }}) as fingerprint,
        cast(null as bigint) as part_id,
        cast(null as bigint) as first_batch_id
    from found
    where false
    {%- endif %}

),

changed as (

    select
        found.*,
        known.part_id,
        {% if since is not none -%}
        coalesce(known.first_batch_id, {{ batch_id }}) as first_batch_id
        {%- else -%}
        -- read again, but under the number by which models know it
        {{ batch_id }} as first_batch_id
        {%- endif %}
    from found
    left join known
        on found.log = known.log
        and found.part = known.part
    {%- if since is not none %}
    where known.part is null or known.fingerprint != found.fingerprint
    {%- endif %}

),

final as (

    select
        log,
        part,
        fingerprint,
        -- new parts are numbered on
        coalesce(part_id, cast(
            (select coalesce(max(known.part_id), 0) from known)
            + row_number() over (partition by part_id is null order by part, log) as bigint
        )) as part_id,
        cast(first_batch_id as bigint) as first_batch_id,
        cast({{ batch_id }} as bigint) as batch_id
    from changed

)

select * from final
