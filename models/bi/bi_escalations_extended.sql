{{ escalations_extended(keys=['org_id']) }}
