{{ config(unique_key='run_key', meta={'follows': 'base_run_deliveries', 'changed_key': 'run_key'}) }}
{{ redelivered_rows(
    ref('base_run_deliveries'), 'run_key', 'run_id',
    compared=[
        'ingested_at', 'recorded_at', 'project_id', 'issue_id', 'session_id', 'station', 'cost_usd', 'duration_ms',
        'metadata', 'origin',
    ],
    columns=run_columns()
) }}
