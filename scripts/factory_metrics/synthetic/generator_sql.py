"""The SQL of the generator of large logs.

Draws are hashes: `hash(issue, 'pace')` is an issue's own draw for its pace, whatever else is made.
"""

from datetime import timedelta

from factory_metrics.synthetic import working_time
from factory_metrics.synthetic.working_time import MONDAY

SLOT_SECONDS = 900  # of working time: issues are numbered within a slot
SLOWEST = 2.0  # an issue takes 0.5 to 2 times as long as its story
LATEST = timedelta(days=5)  # a row arrives within 3 days, a redelivery within 2 more

EVENT_STEPS = """
create table event_steps as
select unnest(from_json($1, '[{
    "step": "integer", "plot": "integer", "seconds": "bigint", "event_type": "varchar", "session": "integer",
    "actor_type": "varchar", "actor_id": "varchar", "payload": "varchar", "committed_at": "bigint"
}]'), recursive := true)
"""

RUN_STEPS = """
create table run_steps as
select unnest(from_json($1, '[{
    "step": "integer", "plot": "integer", "seconds": "bigint", "session": "integer", "station": "varchar",
    "cost_nano_usd": "bigint", "duration_ms": "bigint", "metadata": "varchar",
    "input_tokens": "bigint", "output_tokens": "bigint"
}]'), recursive := true)
"""

STEPS = """
create table steps as
select step, plot, seconds, false as is_run from event_steps
union all
select step, plot, seconds, true from run_steps;

create table plots as
select plot, max(seconds) as length from steps group by plot;

-- of 1,000 rows, 10 are delivered again, and one has an unusable twin
create table deliveries as
select range as remainder, 'first' as delivery from range(1000)
union all
select range, 'again' from range(10)
union all
select 10, 'unusable';
"""

MACROS = f"""
create macro slot_us() as {SLOT_SECONDS * 1_000_000};

create macro latest() as interval '{LATEST.days} days';

create macro uniform(draw) as draw::double / 18446744073709551616;

create macro calendar(working_us) as make_timestamp(
    {int(MONDAY.timestamp()) * 1_000_000}
    + working_us // {working_time.WEEK * 1_000_000} * {7 * working_time.DAY * 1_000_000}
    + working_us % {working_time.WEEK * 1_000_000}
    + greatest(working_us % {working_time.WEEK * 1_000_000} - {working_time.WEEKDAYS * 1_000_000}, 0)
    * {working_time.WEEKEND_PACE - 1}
);

create macro delay_us(draw) as (
    case
        when draw % 1000 < 940 then 1000000 + draw % 59000000  -- within a minute
        when draw % 1000 < 990 then draw % 21600000000  -- 6 hours
        else draw % 259200000000  -- 3 days
    end
)::bigint;
"""

# Issues that can have a row in the period. Orgs follow Zipf's law: the k-th has a share of about 1 / k.
ISSUES = """
create or replace temp table issues as
with

slots as (

    select
        range as slot,
        floor($density + uniform(hash($seed::bigint, range, 'density')))::bigint as issue_count
    from range($first, $last)

),

numbered as (

    select slot, unnest(range(issue_count)) as number
    from slots

),

identified as (

    select
        slot,
        number,
        hash($seed::bigint, slot, number) as issue
    from numbered

),

placed as (

    select
        issue,
        number,
        slot * slot_us() + (hash(issue, 'begin') % slot_us())::bigint as begin_us,
        0.5 + 1.5 * uniform(hash(issue, 'pace')) as pace,
        least(floor(pow($orgs + 1, uniform(hash(issue, 'org')))), $orgs)::bigint as org,
        (hash(issue, 'project') % 8)::bigint as project
    from identified

)

select
    placed.issue,
    placed.number,
    placed.begin_us,
    placed.pace,
    plots.plot,
    left(md5(placed.issue::varchar), 16) as key,
    'org_' || left(md5(concat($seed, ' ', placed.org)), 12) as org_id,
    'prj_' || left(md5(concat($seed, ' ', placed.org, ' ', nullif(placed.project, 7))), 8) as project_id
from placed
inner join plots
    on placed.org % $characters * $stories
    + (hash(placed.issue, 'plot') % $stories)::bigint = plots.plot
where
    calendar(placed.begin_us) < $end
    and calendar(placed.begin_us + (plots.length * placed.pace * 1000000)::bigint)
    + latest() >= $begin
"""

# Every row that arrives in the period, without its texts.
ARRIVALS = """
create or replace temp table arrivals as
with

happened as (

    select
        steps.is_run,
        steps.step,
        issues.issue,
        issues.number,
        issues.begin_us,
        hash(issues.issue, steps.step) as draw,
        calendar(issues.begin_us + (steps.seconds * issues.pace * 1000000)::bigint) as happened_at
    from issues
    inner join steps
        on issues.plot = steps.plot

),

delivered as (

    select
        happened.*,
        deliveries.delivery,
        happened_at + to_microseconds(
            delay_us(hash(draw, 'delay'))
            + if(delivery = 'again', 60000000 + (hash(draw, 'again') % 172740000000)::bigint, 0)
        ) as ingested_at,
        case when delivery = 'unusable' then (draw // 1000 % 8)::tinyint end as fault
    from happened
    inner join deliveries
        on (happened.draw % 1000)::bigint = deliveries.remainder

)

select
    is_run,
    step,
    issue,
    number,
    draw,
    fault,
    case
        when fault = 3 then null
        -- from the future, unless that lies after the end
        when fault = 4 then if(ingested_at + interval '2 days' < $end, ingested_at + interval '2 days', null)
        else happened_at
    end as happened_at,
    ingested_at
from delivered
where
    ingested_at >= $begin
    and ingested_at < $end
"""

EVENTS_PER_SLOT = """
select issues.begin_us // slot_us() as slot, count(*)
from arrivals
inner join issues
    on arrivals.issue = issues.issue
where not arrivals.is_run
group by slot
order by slot
"""

COUNTS = "select count(*) filter (not is_run), count(*) filter (is_run) from arrivals"

# Issues with the highest numbers go first: a log with fewer events has the issues with low numbers.
DROP_EXCESS = """
delete from arrivals
where rowid in (
    select rowid from arrivals
    where not is_run
    order by number desc, draw desc, ingested_at desc, fault desc
    limit $1
)
"""

# Each fault breaks one rule for raw rows, the clock's in `ARRIVALS`.
EVENT_ROWS = """
select
    case when fault = 0 then '   ' else md5(concat(issue, ' ', step, ' ', fault)) end as id,
    case when fault is distinct from 1 then org_id end as org_id,
    project_id,
    case
        when fault = 2 then 'work-item.paused'
        when fault >= 6 then 'work-item.started'
        else event_type
    end as event_type,
    case
        when fault = 6 or event_type like 'incident.%' then null
        else 'iss_' || key
    end as issue_id,
    'ses_' || key || '-' || session as session_id,
    actor_type,
    actor_id,
    happened_at as occurred_at,
    ingested_at,
    case
        when fault = 5 then left(payload, 20)
        when fault = 7 then '{"stage":"staging"}'
        else concat(
            replace(payload, '#', key),
            ',"committedAt":"' || strftime(
                calendar(begin_us + (committed_at * pace * 1000000)::bigint), '%Y-%m-%dT%H:%M:%SZ'
            ) || '"',
            ',"traceId":"',
            hex(draw),
            '"}'
        )
    end as payload
from arrivals
inner join event_steps using (step)
inner join issues using (issue)
where not is_run
order by ingested_at, draw, fault
"""

RUN_ROWS = """
select
    case when fault = 0 then '   ' else md5(concat(issue, ' ', step, ' ', fault)) end as id,
    case when fault is distinct from 1 then org_id end as org_id,
    project_id,
    'iss_' || key as issue_id,
    case when fault is distinct from 2 then 'ses_' || key || '-' || session end as session_id,
    case when fault = 6 then 'staging' else station end as station,
    case
        when fault = 7 then -1
        else (cost_nano_usd * (0.5 + uniform(hash(draw, 'cost'))) / 1000000000)
    end::decimal(18, 9) as cost_usd,
    (duration_ms * (0.5 + uniform(hash(draw, 'duration'))))::bigint as duration_ms,
    happened_at as recorded_at,
    ingested_at,
    case
        when fault = 5 then left(metadata, 20)
        else concat(
            metadata,
            ',"inputTokens":', (input_tokens * (0.5 + uniform(hash(draw, 'cost'))))::bigint,
            ',"outputTokens":', (output_tokens * (0.5 + uniform(hash(draw, 'cost'))))::bigint,
            '}'
        )
    end as metadata
from arrivals
inner join run_steps using (step)
inner join issues using (issue)
where is_run
order by ingested_at, draw, fault
"""

ROWS = {"factory_events": EVENT_ROWS, "factory_metrics": RUN_ROWS}
