{{ flat_ranges('cost', cost_by_day_rows) }}
