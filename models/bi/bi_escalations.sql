{{ flat_ranges('phase', escalations_rows) }}
