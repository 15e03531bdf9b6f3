{{ handoff_metrics(days=90) }}
