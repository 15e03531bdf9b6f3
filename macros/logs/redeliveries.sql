-- The deliveries of what came more than once, and which of them counts. Their number is in the columns `deliveries` and
-- `delivery_number`; 1 is the one that counts.
--
-- Deliveries of one event (or run) differ in nothing but ingested_at; where they do, the order of the columns in `compared`
-- decides. `key` is a whole number, which counts faster than `id`: two of one key both come along, and are told apart by
-- their ids.
{% macro redelivered_rows(deliveries, key, id, compared, columns) -%}
{%- set changed = changed_keys([deliveries]) -%}
{%- set days = on_days_with(deliveries, 'true', key, changed) -%}
with

repeated_keys as (

    select {{ key }}
    from {{ deliveries }}
    where
        {{ days }}
        and rejected_rule is null
        and {{ is_changed(key, changed) }}
    group by {{ key }}
    having count(*) > 1

),

numbered as (

    select
        accepted.*,
        count(case when accepted.withdrawn_batch_id is null then 1 end) over (
            partition by accepted.org_id, accepted.{{ id }}
        ) as deliveries,
        row_number() over (
            partition by accepted.org_id, accepted.{{ id }}
            order by accepted.withdrawn_batch_id nulls first, {{ columns_of('accepted', compared) }}
        ) as delivery_number
    from {{ deliveries }} as accepted
    inner join repeated_keys on accepted.{{ key }} = repeated_keys.{{ key }}
    where
        {{ days }}
        and accepted.rejected_rule is null

),

final as (

    select
        {{ columns | join(',\n        ') }},

        -- how it was delivered
        deliveries,
        case when withdrawn_batch_id is null then delivery_number end as delivery_number,
        cast({{ followed_batch() }} as bigint) as batch_id
    from numbered

)

select * from final
{%- endmacro %}
