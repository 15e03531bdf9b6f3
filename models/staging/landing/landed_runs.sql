{{ config(materialized='ephemeral') }}
{{ landed_log('factory_metrics', 'base_run_deliveries') }}
