{{ flat_ranges('phase', rework_loops_rows) }}
