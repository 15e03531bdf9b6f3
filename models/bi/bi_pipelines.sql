{{ flat_ranges('devops', pipelines_rows) }}
