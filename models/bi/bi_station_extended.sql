{{ station_extended(keys=['org_id']) }}
