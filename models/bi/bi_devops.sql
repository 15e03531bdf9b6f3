{{ flat_ranges('devops', devops_rows) }}
