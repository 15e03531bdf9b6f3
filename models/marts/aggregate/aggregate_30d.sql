{{ aggregate_metrics(days=30) }}
