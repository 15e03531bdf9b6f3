{{ handoff_extended(keys=['org_id']) }}
