-- Reading a log on Spark. Text is read line by line, as on DuckDB; columns of Parquet files have the types that
-- scripts/factory_metrics/logs/landing.py found, by DuckDB's names.


{% macro spark__read_part(part, columns, types, hours) -%}
    {%- set view = spark_view_of_files(part) -%}
    {{ return(spark_read_columns(part, columns, view) if part.kind == 'parquet' else spark_read_lines(part, columns, view)) }}
{%- endmacro %}


-- A view of files that are read alike. Many paths are one pattern, in which nothing but its braces means anything.
{% macro spark_view_of_files(part) -%}
    {%- set view = 'files_' ~ local_md5(tojson(part)) -%}
    {%- set paths = [] -%}
    {%- for path in part.paths -%}
        {%- set plain = modules.re.sub('\\[([*?[])\\]', '\\1', path) -%}
        {%- do paths.append(modules.re.sub('([][{}*?,\\\\])', '\\\\\\1', plain[1:])) -%}
    {%- endfor -%}
    {%- set pattern = '/' ~ (paths[0] if paths | length == 1 else '{' ~ paths | join(',') ~ '}') -%}
    {%- set options = {'path': pattern} -%}
    {%- if part.kind != 'parquet' -%}
        {%- do options.update({'lineSep': '\n'}) -%}
    {%- endif -%}
    {%- set settings = [] -%}
    {%- for option, value in options.items() -%}
        {%- do settings.append(option ~ ' ' ~ sql_text(value)) -%}
    {%- endfor -%}
    {%- do run_query(
        'create or replace temporary view ' ~ view ~ ' using ' ~ ('parquet' if part.kind == 'parquet' else 'text')
        ~ ' options (' ~ settings | join(', ') ~ ')'
    ) -%}
    {{ return(view) }}
{%- endmacro %}


-- The path of a row's file, as the user knows it: Spark has it as a URL, and copies have names of their own.
{% macro spark_path_of_row(prefix) -%}
    {%- set path = "url_decode(replace(regexp_replace(input_file_name(), '^file:/+', '/'), '+', '%2B'))" -%}
    {{ 'regexp_replace(substr(' ~ path ~ ', ' ~ (prefix | length + 1) ~ "), r'\.lines\z', '')" if prefix else path }}
{%- endmacro %}


-- The rows of files of lines; see read_lines() of DuckDB.
{% macro spark_read_lines(part, columns, view) -%}
    {%- set landed = [] -%}
    {%- for column, described in columns.items() -%}
        {%- set readings = [] -%}
        {%- set names = columns_called(part, described.names) if part.columns else described.names -%}
        {%- for name in names -%}
            {%- do readings.append(spark_reading_of_key(name, described.kind)) -%}
        {%- endfor -%}
        {%- do landed.append(landed_columns(column, described.kind, readings)) -%}
    {%- endfor -%}
    select
        {{ landed | join }}
        is_readable,
        line,
        cast(null as struct<line string>) as raw_row,
        origin,
        origin as part
    from (
        select
            case when found like '"%' then get_json_object('[' || found || ']', '$[0]') else ltrim(' ', found) end as line,
            json is not null as is_readable,
            json,
            origin
        from (
            select
                found,
                origin,
                case when found not like '"%' then {{ json_or_null('found') }} end as json
            from (
                {% if part.kind == 'json_lines' -%}
                select
                    origin,
                    explode(case
                        when get_json_object({{ json_object_or_null('text') }}, '$.id') is not null then array(text)
                        else split(rows_of_line(text), '\n')
                    end) as found
                {%- else -%}
                select origin, text as found
                {%- endif %}
                from (
                    select
                        value as text,
                        {{ spark_path_of_row(part.prefix) }} as origin
                    from {{ view }}
                    where value rlike r'[^ \t\r\n]'
                ) as lines
            ) as rows_of_lines
            where found != ''
        ) as objects
    ) as readable
{%- endmacro %}


-- What a row has under a key; see reading_of_key() of DuckDB.
{% macro spark_reading_of_key(name, kind) -%}
    {%- set text = "get_json_object(json, '$." ~ name ~ "')" -%}
    {%- set landed = {
        'timestamp': "case when " ~ json_value('json', name) ~ " like '\"%' then " ~ parse_timestamp(text) ~ " end",
        'measure': parse_measure(text),
    }.get(kind, text) -%}
    {{ return({'value': text, 'landed': landed, 'is_given': null_if_blank(text) ~ ' is not null'}) }}
{%- endmacro %}


-- The rows of Parquet files of one schema; see read_columns() of DuckDB.
{% macro spark_read_columns(part, columns, view) -%}
    select
        {% for column, described in columns.items() -%}
        {%- set readings = [] -%}
        {%- for name in columns_called(part, described.names) -%}
            {%- do readings.append(spark_reading_of_column('raw.`' ~ name | replace('`', '``') ~ '`', part.columns[name], described.kind)) -%}
        {%- endfor -%}
        {{ landed_columns(column, described.kind, readings) }}
        {%- endfor -%}
        true
        {%- for described in columns.values() %}
        {%- for name in columns_called(part, described.names) if part.columns[name] == 'BLOB' %}
        and (raw.`{{ name }}` is null or {{ spark_text_of_bytes('raw.`' ~ name ~ '`') }} is not null)
        {%- endfor %}
        {%- endfor %} as is_readable,
        to_json(struct(raw.*), map('ignoreNullFields', 'false')) as line,
        cast(null as struct<line string>) as raw_row,
        {{ spark_path_of_row('') }} as origin,
        {{ spark_path_of_row('') }} as part
    from {{ view }} as raw
{%- endmacro %}


-- The text that bytes are in UTF-8, else null.
{% macro spark_text_of_bytes(column) -%}
    case when encode(decode({{ column }}, 'UTF-8'), 'UTF-8') = {{ column }} then decode({{ column }}, 'UTF-8') end
{%- endmacro %}


-- What a column has; see landed_value() and is_given() of DuckDB.
{% macro spark_reading_of_column(column, type, kind) -%}
    {%- set value = spark_text_of_bytes(column) if type == 'BLOB' else column -%}
    {%- set is_text = type in ('VARCHAR', 'BLOB', 'JSON') -%}
    {%- if type == 'JSON' -%}
        {%- set value = 'case when ' ~ is_json(column) ~ ' then case when ' ~ column ~ " rlike r'\\A\\s*(\"|null)' then get_json_object('['"
            ~ ' || ' ~ column ~ " || ']', '$[0]') else " ~ column ~ ' end end' -%}
    {%- endif -%}
    {%- if kind == 'timestamp' -%}
        {%- if type == 'TIMESTAMP_NS' -%}
            {%- set landed = 'timestamp_micros(' ~ column ~ ' div 1000)' -%}
        {%- elif type == 'DATE' or type.startswith('TIMESTAMP') -%}
            {%- set landed = 'try_cast(' ~ column ~ ' as timestamp)' -%}
        {%- elif is_text -%}
            {%- set landed = parse_timestamp(value) -%}
        {%- else -%}
            {%- set landed = 'cast(null as timestamp)' -%}
        {%- endif -%}
    {%- elif kind == 'measure' -%}
        {%- if type == 'DOUBLE' -%}
            {#- NaN is above all numbers -#}
            {%- set landed = 'case when ' ~ column ~ ' between 0 and 9000000 then try_cast(' ~ column ~ ' as ' ~ measure_type()
                ~ ') else ' ~ parse_measure('cast(' ~ column ~ ' as string)') ~ ' end' -%}
        {%- elif is_exact_number(type) -%}
            {%- set landed = 'case when ' ~ column ~ ' >= 0 then try_cast(' ~ column ~ ' as ' ~ measure_type() ~ ') end' -%}
        {%- else -%}
            {%- set landed = parse_measure('cast(' ~ value ~ ' as string)') -%}
        {%- endif -%}
    {%- elif kind == 'json' and not is_text -%}
        {%- set landed = without_nulls(row_as_json(column)) -%}
    {%- else -%}
        {%- set landed = 'cast(' ~ value ~ ' as string)' -%}
    {%- endif -%}
    {%- set given = null_if_blank(value) if is_text else column -%}
    {{ return({'value': column, 'landed': landed, 'is_given': given ~ ' is not null'}) }}
{%- endmacro %}
