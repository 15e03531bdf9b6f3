-- dbt-spark's own makes the text `None` of nulls, and does not escape quotes and backslashes.
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model.config.column_types -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set values = [] -%}
        {%- for name in agate_table.column_names -%}
            {%- set value = row[name] -%}
            {%- do values.append(
                'cast(' ~ ('null' if value is none else sql_text(value | string)) ~ ' as ' ~ types[name] ~ ')'
            ) -%}
        {%- endfor -%}
        {%- do rows.append('select ' ~ values | join(', ')) -%}
    {%- endfor -%}
    {%- set sql = 'insert into ' ~ this.render() ~ ' ' ~ rows | join(' union all ') if rows else '' -%}
    {%- if sql -%}
        {%- do adapter.add_query(sql, abridge_sql_log=true) -%}
    {%- endif -%}
    {{ return(sql) }}
{%- endmacro %}
