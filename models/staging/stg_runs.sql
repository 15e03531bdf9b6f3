{{ config(materialized='view') }}
-- From base_run_deliveries and redelivered_runs.
{{ staged_runs() }}
