{{ config(
    unique_key='ingested_on',
    meta={'follows': 'redelivered_runs', 'changed_key': 'cast(ingested_at as date)'}
) }}
{{ arrivals(staged_runs(ingested_on_days(changed_runs())), 'recorded_at') }}
