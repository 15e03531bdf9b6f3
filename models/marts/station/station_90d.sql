{{ station_metrics(days=90) }}
