{{ provider_metrics(days=90) }}
