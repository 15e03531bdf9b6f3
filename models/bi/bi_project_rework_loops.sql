{{ rework_loops_extended(keys=['org_id', 'project_id']) }}
