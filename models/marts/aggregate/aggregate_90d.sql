{{ aggregate_metrics(days=90) }}
