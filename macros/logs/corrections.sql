-- The batches of rows, also of parts that are read again.


-- The last CTEs of a base model: its rows with the batch that brought each of them.
{% macro delivered_in_batches(delivered, log) -%}
    {%- set since = taken_in() -%}
    {%- set batch_id = followed_batch() -%}
    {#- whether there are any or not, for dbt to see what it refers to -#}
    {%- set read_again = changed_parts() ~ " and first_batch_id <= " ~ since -%}
    {%- if since is none or not run_query(read_again).rows -%}
final as (

    select
        *,
        cast({{ batch_id }} as bigint) as batch_id,
        cast(null as bigint) as withdrawn_batch_id
    from {{ delivered }}

)
    {%- else -%}
{{ corrected_in_batches(delivered, log, batch_id, read_again) }}
    {%- endif -%}
{%- endmacro %}


-- The same where parts are read again. Such a part brings only what it did not have; what it no longer has is kept as
-- withdrawn, so that models that follow see it change. One that has gone since it was found to have changed keeps its
-- rows.
{% macro corrected_in_batches(delivered, log, batch_id, read_again) -%}
    {%- set described = log_columns(log) -%}
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
{%- endmacro %}
