{{ provider_metrics(days=30) }}
