{{ config(materialized='ephemeral') }}
{{ landed_log('factory_metrics') }}
