{{ flat_projects(handoff_metrics, overrides_by_day_rows) }}
