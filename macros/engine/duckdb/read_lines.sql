-- Reading text line by line: JSON Lines, or working copies with a row a line, see factory_metrics/logs/landing.py.


-- The rows of files of lines. `rows_of_line` finds those of lines that are no JSON objects with an id: it is slow, but rarely
-- asked.
{% macro read_lines(part, columns) -%}
    {%- set structure = [] -%}
    {%- for column, kind in columns.items() -%}
        {%- do structure.append('"' ~ column ~ '": "' ~ ('JSON' if kind in ('json', 'timestamp') else 'VARCHAR') ~ '"') -%}
    {%- endfor -%}
    {%- set structure = "'{" ~ structure | join(', ') ~ "}'" -%}
    select
        {% for column, kind in columns.items() -%}
        {%- set value = 'object."' ~ column ~ '"' -%}
        {%- if kind == 'timestamp' -%}
        {{ parse_timestamp(json_string(value)) }} as {{ column }},
        {% else -%}
        {{ landed_value(value, 'JSON' if kind == 'json' else 'VARCHAR', kind) }} as {{ column }},
        {% endif -%}
        {%- if kind == 'measure' -%}
        {{ has_value(value, 'VARCHAR') }} as has_{{ column }},
        {% endif -%}
        {%- endfor -%}
        is_readable,
        line,
        null as raw_row,
        origin,
        origin as part
    from (
        {% if part.kind == 'json_lines' -%}
        select
            coalesce(part.text, text) as line,
            part is null or part.json is not null as is_readable,
            case when part is null then object else from_json(part.json, {{ structure }}) end as object,
            origin
        from (
            select
                text,
                object,
                origin,
                case when part is not null then {
                    text: part.text,
                    json: case when part.is_readable then {{ json_or_null('part.text') }} end
                } end as part
            from (
                select
                    *,
                    unnest(case when object.id is null then rows_of_line(text) else [null] end) as part
                from (
                    select
                        text,
                        origin,
                        from_json({{ json_or_null('text') }}, {{ structure }}) as object
                    from ({{ lines_of_files(part) }})
                )
            )
        )
        {%- else -%}
        select
            case when text like '"%' then text ->> '$' else text end as line,
            json is not null as is_readable,
            from_json(json, {{ structure }}) as object,
            origin
        from (
            select
                *,
                case when text not like '"%' then {{ json_or_null('text') }} end as json
            from ({{ lines_of_files(part) }})
        )
        {%- endif %}
    )
{%- endmacro %}


-- The lines that are not blank to JSON. The separator must be in none of them: it is the byte that landing.py looks for.
{% macro lines_of_files(part) -%}
    select
        text,
        substr(filename, {{ part.prefix | length + 1 }}) as origin
    from read_csv(
        {{ quoted_list(part.paths) }},
        columns = {'text': 'VARCHAR'}, delim = chr(1), quote = '', escape = '',
        header = false, auto_detect = false, strict_mode = false, filename = true, hive_partitioning = false,
        max_line_size = 16777216, buffer_size = 33554432
    )
    where regexp_matches(text, '[^ \t\r\n]')
{%- endmacro %}


-- The text of a JSON string, else null: a number is no timestamp.
{% macro json_string(value) -%}
    case when json_type({{ value }}) = 'VARCHAR' then {{ value }} ->> '$' end
{%- endmacro %}
