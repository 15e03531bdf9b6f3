-- Descriptions as comments, where a warehouse's readers see them.


-- All of a relation at once. dbt's own asks twice which columns there are, and calls a macro for each: 4% of a short run.
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set commented = {} -%}
    {%- if for_relation and config.persist_relation_docs() -%}
        {%- do commented.update({relation.type ~ ' ' ~ relation: model.description}) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
        {%- set prefix = 'column ' ~ relation ~ '.' -%}
        {%- for name, column in model.columns.items() -%}
            {%- do commented.update({prefix ~ adapter.quote(name): column.description}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set statements = [] -%}
    {%- for what, text in commented.items() if text -%}
        {%- do statements.append("comment on " ~ what ~ " is '" ~ text.replace("'", "''") ~ "'") -%}
    {%- endfor -%}
    {%- if statements -%}{%- do adapter.execute(statements | join(';\n')) -%}{%- endif -%}
{%- endmacro %}
