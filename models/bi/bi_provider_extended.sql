{{ provider_extended(keys=['org_id']) }}
