{{ flat_ranges('cost', cost_by_station_rows) }}
