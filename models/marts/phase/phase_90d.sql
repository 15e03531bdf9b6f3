{{ phase_metrics(days=90) }}
