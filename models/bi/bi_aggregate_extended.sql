{{ aggregate_extended(keys=['org_id']) }}
