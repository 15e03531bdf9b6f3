{{ station_metrics(days=7) }}
