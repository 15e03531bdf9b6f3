{{ cost_by_station_extended(keys=['org_id', 'project_id']) }}
