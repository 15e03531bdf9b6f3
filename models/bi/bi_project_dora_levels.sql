{{ dora_levels_of('bi_project_devops', keys=['org_id', 'project_id']) }}
