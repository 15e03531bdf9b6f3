{{ config(materialized='ephemeral') }}
{{ landed_log('factory_events', 'base_event_deliveries') }}
