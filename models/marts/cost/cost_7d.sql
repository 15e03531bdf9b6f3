{{ cost_metrics(days=7) }}
