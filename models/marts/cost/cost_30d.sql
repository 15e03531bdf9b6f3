{{ cost_metrics(days=30) }}
