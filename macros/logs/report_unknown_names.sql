-- Prints the names that the project does not know, once a run has found them.
{% macro report_unknown_names(results) -%}
    {%- if execute -%}
        {%- for result in results
            if result.node.name == 'unknown_names' and result.node.resource_type == 'model' and result.status == 'success' -%}
            {%- for row in run_query(
                "select summary_line from " ~ result.node.relation_name
                ~ " where summary_line is not null order by summary_position"
            ).rows -%}
                {%- do log(row[0], info=true) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
