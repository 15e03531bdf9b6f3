{{ flat_ranges('station', station_rows_of) }}
