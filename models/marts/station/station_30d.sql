{{ station_metrics(days=30) }}
