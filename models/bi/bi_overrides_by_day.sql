{{ flat_ranges('handoff', overrides_by_day_rows) }}
