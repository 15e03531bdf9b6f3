{{ handoff_metrics(days=30) }}
