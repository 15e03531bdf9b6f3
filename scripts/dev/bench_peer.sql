-- The peer of scripts/dev/bench_refresh.py: one script that makes the staging and intermediate tables from generated logs as
-- fast as its author could get it. It knows what those logs are (Parquet, typed, no strange white space), reads each once,
-- keeps no progress, tests nothing, and cannot take in new rows. It does not know what these logs do not need: other names of
-- stations, prices, a default org, runs that come with events.

create table base_event_deliveries as
select
    hash(org_id, id) as event_key, hash(org_id, coalesce(subject_id, issue_id)) as subject_key, id as event_id, org_id, project_id, issue_id,
    session_id, subject_id, event_type, actor_type, actor_id, station, payload, occurred_at, ingested_at, origin,
    rejected_rule, case when rejected_rule is not null then to_json(read_row)::varchar end as record
from (
    select *, case
        when nullif(trim(id), '') is null then 'missing_id'
        when nullif(trim(org_id), '') is null then 'missing_org'
        when event_type is null or event_type not in (
            'work-item.started', 'work-item.handoff', 'work-item.rework', 'work-item.completed', 'human.review-started',
            'human.review-completed', 'human.override', 'agent.tool-summary', 'agent.crash-recovery', 'pipeline.started',
            'pipeline.finished', 'deployment.finished', 'incident.opened', 'incident.resolved'
        ) then 'unknown_event_type'
        when occurred_at is null or ingested_at is null then 'invalid_timestamp'
        when occurred_at > ingested_at + interval 24 hour then 'future_timestamp'
        when not is_object then 'invalid_payload'
        when issue_id is null and (event_type[:10] = 'work-item.' or event_type[:13] = 'human.review-') then 'missing_subject'
        when subject_id is null and event_type[:9] in ('pipeline.', 'deploymen', 'incident.') then 'missing_subject'
        when event_type in ('work-item.started', 'work-item.handoff', 'work-item.rework')
            and (station is null or station not in ('research', 'development', 'security', 'qa', 'acceptance', 'deploy'))
            then 'unknown_station'
    end as rejected_rule
    from (
        select
            * exclude (payload, is_object), is_object, case when is_object then payload end as payload,
            case when is_object then case event_type[:9]
                when 'pipeline.' then payload ->> '$.pipelineId'
                when 'deploymen' then payload ->> '$.deploymentId'
                when 'incident.' then payload ->> '$.incidentId'
            end end as subject_id,
            case when is_object then case event_type
                when 'work-item.started' then lower(trim(payload ->> '$.stage'))
                when 'work-item.handoff' then lower(trim(payload ->> '$.toStage'))
                when 'work-item.rework' then lower(trim(payload ->> '$.toStage'))
            end end as station
        from (
            select *, raw as read_row, filename as origin, coalesce(json_valid(payload) and payload[1] = '{{', false) as is_object
            from read_parquet('{logs}/factory_events/*.parquet', filename = true) as raw
        )
    )
);

create table base_run_deliveries as
select
    hash(org_id, id) as run_key, hash(org_id, session_id) as session_key, id as run_id, org_id, project_id, issue_id,
    session_id, station, metadata, cost_usd::decimal(28, 9) as cost_usd, duration_ms::decimal(28, 9) as duration_ms,
    recorded_at, ingested_at, origin, rejected_rule,
    case when rejected_rule is not null then to_json(read_row)::varchar end as record
from (
    select * replace (lower(trim(station)) as station), raw as read_row, filename as origin, case
        when nullif(trim(id), '') is null then 'missing_id'
        when nullif(trim(org_id), '') is null then 'missing_org'
        when recorded_at is null or ingested_at is null then 'invalid_timestamp'
        when recorded_at > ingested_at + interval 24 hour then 'future_timestamp'
        when not coalesce(json_valid(metadata) and metadata[1] = '{{', false) then 'invalid_payload'
        when session_id is null then 'missing_subject'
        when station is null
            or lower(trim(station)) not in ('research', 'development', 'security', 'qa', 'acceptance', 'deploy')
            then 'unknown_station'
        when cost_usd is null or cost_usd < 0 or duration_ms is null or duration_ms < 0 then 'invalid_measure'
    end as rejected_rule
    from read_parquet('{logs}/factory_metrics/*.parquet', filename = true) as raw
);

create table redelivered_events as
with repeated as (
    select event_key from base_event_deliveries where rejected_rule is null group by event_key having count(*) > 1
)
select
    * exclude (rejected_rule, record),
    count(*) over (partition by org_id, event_id) as deliveries,
    row_number() over (partition by org_id, event_id order by ingested_at, occurred_at, payload) as delivery_number
from base_event_deliveries semi join repeated using (event_key)
where rejected_rule is null;

create table redelivered_runs as
with repeated as (
    select run_key from base_run_deliveries where rejected_rule is null group by run_key having count(*) > 1
)
select
    * exclude (rejected_rule, record),
    count(*) over (partition by org_id, run_id) as deliveries,
    row_number() over (partition by org_id, run_id order by ingested_at, recorded_at, metadata) as delivery_number
from base_run_deliveries semi join repeated using (run_key)
where rejected_rule is null;

create table rejected_records as
select 'factory_events' as log, rejected_rule as rule, event_id as record_id, org_id, ingested_at, origin, record
from base_event_deliveries where rejected_rule is not null
union all
select 'factory_metrics', rejected_rule, run_id, org_id, ingested_at, origin, record
from base_run_deliveries where rejected_rule is not null;

create table delivery_counts as
select 'factory_events' as log, rejected_rule, count(*) as row_count from base_event_deliveries group by all
union all
select 'factory_metrics', rejected_rule, count(*) from base_run_deliveries group by all;

create view stg_events as
select * exclude (rejected_rule, record) from base_event_deliveries
where rejected_rule is null and event_key not in (select event_key from redelivered_events)
union all by name
select * exclude (deliveries, delivery_number) from redelivered_events where delivery_number = 1;

create view stg_runs as
select * exclude (rejected_rule, record) from base_run_deliveries
where rejected_rule is null and run_key not in (select run_key from redelivered_runs)
union all by name
select * exclude (deliveries, delivery_number) from redelivered_runs where delivery_number = 1;

create table clock as select timestamp '{as_of}' as as_of;

create table int_runs as
select
    session_key, run_id, org_id, project_id, issue_id, session_id, station,
    coalesce(nullif(lower(trim(metadata ->> '$.provider')), ''), 'unknown') as provider, metadata ->> '$.model' as model,
    case when cost_usd is null then 'unknown' else 'reported' end as cost_source,
    cost_usd, duration_ms, recorded_at, recorded_at as counts_from, cast(null as timestamp) as counts_until,
    lead(recorded_at) over (partition by org_id, session_id order by recorded_at, run_id) as superseded_at
from stg_runs;

create table int_work_item_transitions as
select
    subject_key, event_id, org_id, project_id, issue_id, session_id, event_type, station_before, station as station_after,
    result, escalation_strategy,
    event_type in ('work-item.rework', 'work-item.completed') or station_before is null or station_before != station
        as changes_station,
    occurred_at
from (
    select
        subject_key, event_id, org_id, project_id, issue_id, session_id, event_type, station, occurred_at,
        if(event_type = 'work-item.completed', payload ->> '$.result', null) as result,
        if(event_type = 'work-item.completed', nullif(trim(payload ->> '$.escalationStrategy'), ''), null) as escalation_strategy,
        lag(station) over (partition by org_id, issue_id order by occurred_at, event_id) as station_before
    from stg_events
    where event_type in ('work-item.started', 'work-item.handoff', 'work-item.rework', 'work-item.completed')
);

create table int_station_visits as
select
    subject_key, event_id as entry_event_id, org_id, project_id, issue_id, station_after as station,
    case left_by when 'work-item.rework' then 'rework' when 'work-item.started' then 'restarted'
        else if(left_by is null, null, 'forward') end as ending,
    datediff('microsecond', occurred_at, left_at) as duration_us, occurred_at as entered_at, left_at
from (
    select
        subject_key, event_id, org_id, project_id, issue_id, station_after, occurred_at,
        lead(occurred_at) over visits as left_at, lead(event_type) over visits as left_by
    from int_work_item_transitions
    where changes_station
    window visits as (partition by org_id, issue_id order by occurred_at, event_id)
)
where station_after is not null;

create table int_issue_completions as
with issues as (
    select
        org_id, issue_id, min(occurred_at) as first_event_at,
        min(occurred_at) filter (event_type = 'work-item.rework') as first_rework_at
    from int_work_item_transitions
    group by org_id, issue_id
)
select
    subject_key, event_id, org_id, project_id, issue_id, result, escalation_strategy,
    datediff('microsecond', first_event_at, completed_at) as cycle_time_us,
    coalesce(first_rework_at > completed_at, true) as is_first_pass, first_event_at, completed_at,
    lead(completed_at) over (partition by org_id, issue_id order by completed_at, event_id) as superseded_at
from (
    select
        subject_key, event_id, org_id, project_id, issue_id, result, coalesce(escalation_strategy, 'none') as escalation_strategy,
        occurred_at as completed_at
    from int_work_item_transitions
    where event_type = 'work-item.completed'
)
inner join issues using (org_id, issue_id);

create table int_reviews as
with decisions as (
    select
        subject_key, event_id, org_id, project_id, issue_id, actor_id, occurred_at,
        case json_type(payload, '$.duration')
            when 'UBIGINT' then (payload ->> '$.duration')::ubigint::decimal(28, 9)  -- much faster than the one below
            when 'DOUBLE' then try_cast(payload ->> '$.duration' as decimal(28, 9))
        end as stated_duration_ms,
        (payload -> '$.approved')::varchar = 'true' as is_approved
    from stg_events
    where event_type = 'human.review-completed'
),

looked_back as (
    select
        decisions.*, handoffs.occurred_at as handed_off_at, starts.occurred_at as review_started_at
    from decisions
    asof left join (
        select org_id, issue_id, occurred_at from int_work_item_transitions where event_type = 'work-item.handoff'
    ) as handoffs
        on decisions.org_id = handoffs.org_id and decisions.issue_id = handoffs.issue_id
        and decisions.occurred_at >= handoffs.occurred_at
    asof left join (select org_id, issue_id, occurred_at from stg_events where event_type = 'human.review-started') as starts
        on decisions.org_id = starts.org_id and decisions.issue_id = starts.issue_id
        and decisions.occurred_at >= starts.occurred_at
)
select
    subject_key, event_id, org_id, project_id, issue_id, actor_id,
    coalesce(
        stated_duration_ms, datediff('microsecond', review_started_at, occurred_at)::decimal(19, 0) * 0.001, 0
    )::decimal(28, 9) as review_duration_ms,
    datediff('microsecond', coalesce(handed_off_at, review_started_at), occurred_at) as latency_us,
    coalesce(is_approved, false) as is_approved, handed_off_at, review_started_at, occurred_at as decided_at
from looked_back;

create table int_overrides as
select
    event_key, event_id, org_id, project_id, issue_id, session_id, payload ->> '$.overriddenSessionId' as overridden_session_id,
    actor_id, payload ->> '$.reason' as reason, payload ->> '$.newOutcome' as new_outcome, occurred_at as overridden_at
from stg_events
where event_type = 'human.override';

create table int_pipeline_runs as
with ends as (
    select
        subject_key, subject_id, org_id, project_id, event_type, occurred_at, payload ->> '$.name' as pipeline_name,
        payload ->> '$.trigger' as trigger_kind, payload ->> '$.branch' as branch, payload ->> '$.commit' as commit_sha,
        payload ->> '$.status' as final_status
    from stg_events
    where event_type in ('pipeline.started', 'pipeline.finished')
    -- arg_min() would not leave the memory
    qualify row_number() over (partition by org_id, subject_id, event_type order by occurred_at, event_id) = 1
)
select
    started.subject_key, started.subject_id as pipeline_id, started.org_id, started.project_id, started.pipeline_name,
    started.trigger_kind, started.branch, started.commit_sha, finished.final_status, started.occurred_at as started_at,
    finished.occurred_at as finished_at
from (from ends where event_type = 'pipeline.started') as started
left join (from ends where event_type = 'pipeline.finished') as finished using (org_id, subject_id);

create table int_deployments as
select
    event_key, event_id, deployment_id, org_id, project_id, rollback_of, environment, status, version, commit_sha, deployed_by,
    if(committed_at <= deployed_at, datediff('microsecond', committed_at, deployed_at), null) as lead_time_us, is_rollback,
    coalesce(environment = 'production' and status = 'success' and not is_rollback, false) as is_change, committed_at,
    deployed_at,
    lead(deployed_at) over (partition by org_id, project_id, environment order by deployed_at, event_id) as superseded_at
from (
    select
        event_key, event_id, subject_id as deployment_id, org_id, project_id, nullif(payload ->> '$.rollbackOf', '') as rollback_of,
        payload ->> '$.environment' as environment, payload ->> '$.status' as status, payload ->> '$.version' as version,
        payload ->> '$.commit' as commit_sha, payload ->> '$.deployedBy' as deployed_by,
        coalesce((payload -> '$.isRollback')::varchar = 'true', false) as is_rollback,
        (try_cast(payload ->> '$.committedAt' as timestamptz) at time zone 'UTC')::timestamp as committed_at,
        occurred_at as deployed_at
    from stg_events
    where event_type = 'deployment.finished'
);

create table int_incidents as
with ends as (
    select
        subject_id, org_id, event_type, arg_min(struct_pack(payload, project_id), (occurred_at, event_id)) as first_event,
        min(occurred_at) as occurred_at
    from stg_events
    where event_type in ('incident.opened', 'incident.resolved')
    group by all
),

both_ends as (
    select
        coalesce(opened.subject_id, resolved.subject_id) as incident_id, coalesce(opened.org_id, resolved.org_id) as org_id,
        opened.first_event.project_id as project_id,
        nullif(opened.first_event.payload ->> '$.deploymentId', '') as named_deployment_id,
        opened.first_event.payload ->> '$.title' as title, opened.first_event.payload ->> '$.severity' as severity,
        opened.occurred_at as opened_at, resolved.occurred_at as resolved_at
    from (from ends where event_type = 'incident.opened') as opened
    full join (from ends where event_type = 'incident.resolved') as resolved
        on opened.org_id = resolved.org_id and opened.subject_id = resolved.subject_id
)
select
    incident_id, both_ends.org_id, both_ends.project_id, coalesce(named_deployment_id, changes.deployment_id) as deployment_id,
    if(named_deployment_id is null, changes.event_id, null) as change_event_id, title, severity, opened_at, resolved_at
from both_ends
asof left join (
    select org_id, coalesce(project_id, '') as project_id, deployed_at, event_id, deployment_id
    from int_deployments
    where is_change
) as changes
    on both_ends.org_id = changes.org_id and coalesce(both_ends.project_id, '') = changes.project_id
    and both_ends.opened_at > changes.deployed_at;

create table int_changes as
with production as (
    select
        *, lead(event_id) over (partition by org_id, project_id order by deployed_at, event_id) as next_event_id
    from int_deployments
    where environment = 'production'
),

named as (
    select org_id, rollback_of as deployment_id, min(deployed_at) as rolled_back_at
    from int_deployments
    where is_rollback and status = 'success' and rollback_of is not null
    group by all
),

next_rollbacks as (
    select org_id, event_id as next_event_id, deployed_at as next_rolled_back_at
    from int_deployments
    where is_rollback and status = 'success' and rollback_of is null
),

naming as (
    select org_id, deployment_id, min(opened_at) as named_at
    from int_incidents
    where change_event_id is null and opened_at is not null and deployment_id is not null
    group by all
),

following as (
    select org_id, change_event_id as event_id, min(opened_at) as followed_at
    from int_incidents
    where change_event_id is not null and opened_at is not null
    group by all
)
select
    event_id, deployment_id, org_id, project_id, lead_time_us, deployed_at, least(named_at, followed_at) as first_incident_at,
    least(rolled_back_at, next_rolled_back_at) as rolled_back_at,
    least(named_at, followed_at, rolled_back_at, next_rolled_back_at) as failed_at
from production
left join naming using (org_id, deployment_id)
left join following using (org_id, event_id)
left join named using (org_id, deployment_id)
left join next_rollbacks using (org_id, next_event_id)
where is_change;

create table int_orgs as
select org_id, min(first_seen_at) as first_seen_at
from (
    select org_id, min(occurred_at) as first_seen_at from stg_events group by org_id
    union all
    select org_id, min(counts_from) from int_runs group by org_id
)
group by org_id;
