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
                {%- set skipped = files_of_log(log_name).skipped if var('raw_path') else [] -%}
                {%- if skipped -%}
                    {%- do log(
                        log_name ~ ': ' ~ skipped | length ~ ' names in its folder were skipped, which begin with _ or ., or are'
                        ~ ' links that lead nowhere; the first is ' ~ skipped[0],
                        info=true
                    ) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
