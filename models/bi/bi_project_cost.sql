{{ cost_extended(keys=['org_id', 'project_id']) }}
