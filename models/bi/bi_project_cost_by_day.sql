{{ flat_projects(cost_metrics, cost_by_day_rows) }}
