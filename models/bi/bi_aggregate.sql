{{ flat_ranges('aggregate', aggregate_rows) }}
