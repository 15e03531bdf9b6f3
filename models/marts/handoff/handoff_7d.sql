{{ handoff_metrics(days=7) }}
