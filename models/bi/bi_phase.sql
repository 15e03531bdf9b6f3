{{ flat_ranges('phase', phase_rows) }}
