-- Lines of seeds on DuckDB.


-- A seed's lines are few: they stand in the SQL, as the plugin reads them.
{% macro duckdb__own_seed_lines(name, columns) -%}
    {%- set answer = run_query(
        "select own_seed_lines('" ~ var('seeds_path') | replace("'", "''") ~ "', '" ~ name ~ "', '" ~ columns | join(',') ~ "')"
    ).rows[0][0] if execute else '{"lines": []}' -%}
    {%- if fromjson(answer).error -%}
        {{ exceptions.raise_compiler_error(fromjson(answer).error) }}
    {%- endif -%}
    {%- set fields = {'line': 'VARCHAR', 'file': 'VARCHAR', 'line_number': 'BIGINT'} -%}
    {%- for column in columns -%}
        {%- do fields.update({column: 'VARCHAR'}) -%}
    {%- endfor %}
    select
        {{ columns | join(', ') }},
        line,
        file,
        line_number,
        true as is_own
    from (
        select unnest(
            from_json('{{ answer | replace("'", "''") }}', '{"lines": [{{ tojson(fields) }}]}').lines, recursive := true
        )
    )
{%- endmacro %}
