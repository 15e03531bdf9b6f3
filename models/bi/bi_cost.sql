{{ flat_ranges('cost', cost_rows) }}
