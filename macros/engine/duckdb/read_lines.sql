-- Reading text line by line: JSON Lines, or working copies with a row a line, see factory_metrics/logs/landing.py.


-- The rows of files of lines. `rows_of_line` finds the rows of lines that are no JSON objects with an id, each as a line of
-- a working copy.
{% macro read_lines(part, columns) -%}
    {%- set structure = {} -%}
    {%- set landed = [] -%}
    {%- for column, described in columns.items() -%}
        {%- set readings = [] -%}
        {%- set names = columns_called(part, described.names) if part.columns else described.names -%}
        {%- for name in names -%}
            {%- do structure.update({name: 'JSON' if described.kind in ('json', 'timestamp') else 'VARCHAR'}) -%}
            {%- do readings.append(reading_of_key('object.' ~ quoted_name(name), described.kind)) -%}
        {%- endfor -%}
        {%- do landed.append(landed_columns(column, described.kind, readings)) -%}
    {%- endfor -%}
    {%- set structure = "'" ~ tojson(structure) ~ "'" -%}
    select
        {{ landed | join }}
        is_readable,
        line,
        null as raw_row,
        origin,
        origin as part
    from (
        {% if part.kind == 'json_lines' -%}
        select
            case
                when found is null then text
                when found like '"%' then found ->> '$'
                else ltrim(found, ' ')
            end as line,
            found is null or json is not null as is_readable,
            case when found is null then object else from_json(json, {{ structure }}) end as object,
            origin
        from (
            select
                *,
                case when found not like '"%' then {{ json_or_null('found') }} end as json
            from (
                select
                    text,
                    origin,
                    object,
                    unnest(case when object.id is null then string_split(rows_of_line(text), chr(10)) else [null] end) as found
                from (
                    select
                        text,
                        origin,
                        from_json({{ json_or_null('text') }}, {{ structure }}) as object
                    from ({{ lines_of_files(part) }})
                )
            )
            where found is null or found != ''
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


-- What a row has under a key: its `value`, in its `landed` type, and whether it `is_given`.
{% macro reading_of_key(value, kind) -%}
    {{ return({
        'value': value,
        'landed': parse_timestamp(json_string(value)) if kind == 'timestamp'
            else landed_value(value, 'JSON' if kind == 'json' else 'VARCHAR', kind),
        'is_given': null_if_blank(value ~ (" ->> '$'" if kind in ('json', 'timestamp') else '')) ~ ' is not null',
    }) }}
{%- endmacro %}


-- The lines that are not blank to JSON. The separator must be in none of them: it is the byte that landing.py looks for.
{% macro lines_of_files(part) -%}
    select
        text,
        substr(filename, {{ part.prefix | length + 1 }}) as origin
    from read_csv(
        {{ quoted_list(part.paths) }},
        columns = {'text': 'VARCHAR'}, delim = chr(1), quote = '', escape = '',
        header = false, auto_detect = false, compression = 'none', strict_mode = false, filename = true, hive_partitioning = false,
        max_line_size = 16777216, buffer_size = 33554432
    )
    where regexp_matches(text, '[^ \t\r\n]')
{%- endmacro %}


-- The text of a JSON string, else null: a number is no timestamp.
{% macro json_string(value) -%}
    case when json_type({{ value }}) = 'VARCHAR' then {{ value }} ->> '$' end
{%- endmacro %}
