{{ phase_extended(keys=['org_id']) }}
