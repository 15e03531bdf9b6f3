{{ flat_ranges('provider', provider_rows) }}
