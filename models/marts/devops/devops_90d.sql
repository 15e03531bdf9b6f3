{{ devops_metrics(days=90) }}
