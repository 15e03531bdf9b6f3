{{ cost_extended(keys=['org_id']) }}
