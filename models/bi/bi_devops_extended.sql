{{ devops_extended(keys=['org_id']) }}
