-- What a run says of the rows that were delivered.


-- Prints how many rows the logs delivered, how many of them were rejected, by rule, and how many files were skipped, once a
-- run has counted them.
{% macro report_deliveries(results) -%}
    {%- if execute -%}
        {%- for result in results
            if result.node.name == 'delivery_counts' and result.node.resource_type == 'model'
            and result.status == 'success' -%}
            {%- set counts = run_query(
                "select log, outcome, coalesce(rule, ''), row_count from " ~ result.node.relation_name
                ~ " order by log, outcome, row_count desc, rule"
            ) -%}
            {%- for log_name in ['factory_events', 'factory_metrics'] -%}
                {%- set totals = {'accepted': 0, 'duplicate': 0, 'rejected': 0} -%}
                {%- set rules = [] -%}
                {%- for row in counts if row[0] == log_name -%}
                    {%- do totals.update({row[1]: totals[row[1]] + row[3] | int}) -%}
                    {%- if row[2] -%}{%- do rules.append(row[2] ~ ' ' ~ row[3] | int) -%}{%- endif -%}
                {%- endfor -%}
                {%- do log(
                    log_name ~ ': ' ~ totals.values() | sum ~ ' rows delivered, ' ~ totals.accepted ~ ' accepted, '
                    ~ totals.duplicate ~ ' duplicate, ' ~ totals.rejected ~ ' rejected'
                    ~ (' (' ~ rules | join(', ') ~ ': see rejected_records)' if rules else ''),
                    info=true
                ) -%}
                {%- set notice = files_of_log(log_name).notice if var('raw_path') else '' -%}
                {%- if notice -%}{%- do log(notice, info=true) -%}{%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for result in results
            if result.node.name == 'int_orgs' and result.node.resource_type == 'model' and result.status == 'success' -%}
            {%- do warn_of_early_as_of(result.node.relation_name) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


-- Says so when nothing had happened yet at the as-of: then no org has any metrics.
{% macro warn_of_early_as_of(orgs) -%}
    {%- set clock = api.Relation.create(database=warehouse_database(), schema=target.schema, identifier='clock') -%}
    {%- set early = run_query(
        "select cast(min(clock.as_of) as " ~ dbt.type_string() ~ "), cast(min(orgs.first_seen_at) as " ~ dbt.type_string() ~ ")"
        ~ " from " ~ clock ~ " as clock cross join " ~ orgs ~ " as orgs having min(clock.as_of) < min(orgs.first_seen_at)"
    ).rows if load_relation(clock) else [] -%}
    {%- for row in early -%}
        {%- do exceptions.warn(
            "there is no row at or before the as-of " ~ row[0] ~ ", the first one happened at " ~ row[1]
            ~ " (UTC): no org has metrics; fix the var as_of"
        ) -%}
    {%- endfor -%}
{%- endmacro %}
