-- Rows that were taken in before are judged again when the names of stations or the org of rows without one change. Their
-- files are not read for it: what is kept of the rows is enough. A base model's hooks do it before the model itself: a row
-- that is another one now is added under the run's batch, what it was before stays as withdrawn if it was accepted, so
-- that models that follow see both.


-- What base models are made with beside the logs; the parts of the log `settings` in `landed_parts`.
{% macro settings_parts() -%}
    select
        'settings' as log,
        'station aliases' as part,
        {{ lines_checksum('station_aliases') }} as fingerprint
    union all
    select
        'settings' as log,
        'default org' as part,
        {{ dbt.concat(["'org '", "coalesce(" ~ default_org() ~ ", '')"]) }} as fingerprint
{%- endmacro %}


-- Whether settings have changed since a base model last took in the log, which is then judged again.
{% macro settings_have_changed() -%}
    {%- set since = taken_in() -%}
    {{ return(since is not none and run_query(
        "select 1 from " ~ ref('landed_parts') ~ " where log = 'settings' and batch_id > " ~ since
    ).rows | length > 0) }}
{%- endmacro %}


-- A condition: whether a row of a base model depends on settings.
{% macro depends_on_settings() -%}
    withdrawn_batch_id is null
    and (not has_org or station_name not in ({{ quoted(stations()) }}))
{%- endmacro %}


-- What the settings say today of the orgs and names of stations in a base model, where they said otherwise before.
{% macro changed_by_settings() -%}
    select * from (
        {{ with_station('(
            select distinct
                has_org,
                org_id as org_id_before,
                station_name,
                station as station_before,
                case when has_org then org_id else ' ~ default_org() ~ ' end as org_id
            from ' ~ this ~ '
            where ' ~ depends_on_settings() ~ ' and batch_id < ' ~ followed_batch() ~ '
        )') }}
    ) as judged
    where org_id is distinct from org_id_before or station is distinct from station_before
{%- endmacro %}


-- Whether a row of a base model is one of those, which are called `changed`.
{% macro was_changed(row) -%}
    {{ row }}.has_org = changed.has_org
    and {{ row }}.org_id is not distinct from changed.org_id_before
    and {{ row }}.station_name is not distinct from changed.station_name
    and {{ row }}.station is not distinct from changed.station_before
{%- endmacro %}


-- Adds the rows of a base model that settings have changed, as they are now and, where they counted, as they were.
-- `keys` maps the model's keys to what they are made of, `rules` is the SQL of the log's rules.
{% macro insert_reclassified(keys, rules) -%}
    {%- if execute and settings_have_changed() -%}
    {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='name') | list -%}
    {%- set made = ['rejected_rule', 'record', 'batch_id', 'withdrawn_batch_id'] + keys.keys() | list -%}
    {#- as the log has it -#}
    {%- set fields = {} -%}
    {%- set own = ['part_id', 'origin', 'has_org', 'has_valid_measures', 'subject_id', 'station_name']
        + (['station'] if 'payload' in columns else []) -%}
    {%- for column in columns if column not in made + own -%}
        {%- do fields.update({
            {'event_id': 'id', 'run_id': 'id'}.get(column, column):
                {'station': 'station_name', 'org_id': 'case when has_org then org_id end'}.get(column, column)
        }) -%}
    {%- endfor -%}
    insert into {{ this }} ({{ columns | join(', ') }})
    with

    before as (

        select
            kept.*,
            changed.org_id as org_id_now,
            changed.station as station_now
        from {{ this }} as kept
        inner join ({{ changed_by_settings() }}) as changed
            on {{ was_changed('kept') }}
        where kept.withdrawn_batch_id is null

    ),

    now as (

        select
            {% for column in columns if column not in made -%}
            {{ {'org_id': 'org_id_now', 'station': 'station_now'}.get(column, column) }} as {{ column }},
            {% endfor -%}
            rejected_rule is distinct from 'unreadable' as is_readable,
            record
        from before

    ),

    judged as (

        select
            *,
            {{ rules }} as rejected_rule
        from now

    )

    select
        {% for column in columns -%}
        {% if column == 'record' -%}
        -- of a row that was accepted, only its columns are kept
        case when rejected_rule is not null then coalesce(record, {{ row_as_json(make_struct(fields)) }}) end as record
        {%- elif column in keys -%}
        {{ hash_key(keys[column]) }} as {{ column }}
        {%- elif column == 'batch_id' -%}
        {{ followed_batch() }} as batch_id
        {%- elif column == 'withdrawn_batch_id' -%}
        null as withdrawn_batch_id
        {%- else -%}
        {{ column }}
        {%- endif %}{{ ',' if not loop.last }}
        {% endfor %}
    from judged

    union all

    select
        {% for column in columns -%}
        {{ followed_batch() ~ ' as ' if column in ['batch_id', 'withdrawn_batch_id'] }}{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from before
    where rejected_rule is null
    {%- endif -%}
{%- endmacro %}


-- Removes the rows of a base model in whose place insert_reclassified() has put others.
{% macro delete_reclassified() -%}
    {%- if execute and settings_have_changed() -%}
    delete from {{ this }}
    where
        withdrawn_batch_id is null
        and batch_id < {{ followed_batch() }}
        and exists (
            select 1 from ({{ changed_by_settings() }}) as changed
            where {{ was_changed(this.identifier) }}
        )
    {%- endif -%}
{%- endmacro %}
