{{ dora_levels_of('bi_devops', keys=['org_id']) }}
