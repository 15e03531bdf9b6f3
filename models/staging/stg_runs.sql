{{ config(materialized='view') }}
{{ staged_runs() }}
