{{ config(materialized='view') }}
-- From base_event_deliveries and redelivered_events.
{{ staged_events() }}
