{{ aggregate_metrics(days=7) }}
