{{ phase_metrics(days=30) }}
