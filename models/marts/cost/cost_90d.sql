{{ cost_metrics(days=90) }}
