{{ flat_ranges('devops', incidents_rows) }}
