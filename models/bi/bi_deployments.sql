{{ flat_ranges('devops', deployments_rows) }}
