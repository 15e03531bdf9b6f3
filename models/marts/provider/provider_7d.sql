{{ provider_metrics(days=7) }}
