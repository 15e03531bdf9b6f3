{{ flat_ranges('handoff', handoff_rows) }}
