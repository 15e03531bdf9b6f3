{{ phase_metrics(days=7) }}
