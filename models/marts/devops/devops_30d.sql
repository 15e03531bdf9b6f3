{{ devops_metrics(days=30) }}
