{{ devops_metrics(days=7) }}
