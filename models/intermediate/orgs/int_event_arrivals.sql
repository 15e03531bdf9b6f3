{{ config(
    unique_key='ingested_on',
    meta={'follows': 'redelivered_events', 'changed_key': 'cast(ingested_at as date)'}
) }}
{{ arrivals(staged_events(ingested_on_days(changed_events())), 'occurred_at') }}
