-- Files are listed and counted by functions that the session offers, see scripts/factory_metrics/spark/functions.py.


{% macro spark__list_log_parts(relation, columns, optional, known) -%}
    {%- if not execute -%}
        select cast(null as string) as part, cast(null as string) as fingerprint
    {%- else -%}
        {%- do assert_logs_are_files() -%}
        select inline(from_json(
            {{ spark_literal(tojson(files_of_log(relation.identifier).files)) }},
            'array<struct<part string, fingerprint string>>'
        ))
    {%- endif -%}
{%- endmacro %}


{% macro assert_logs_are_files() -%}
    {%- if not var('raw_path') -%}
        {{ exceptions.raise_compiler_error("on Spark logs are files so far: name their folder in --vars '{raw_path: ...}'") }}
    {%- endif -%}
{%- endmacro %}


{% macro spark__files_of_log(log) -%}
    {{ return(spark_answer(
        'list_log_files', [spark_literal(var('raw_path') ~ '/' ~ log), may_lack(log) | lower]
    ).log) }}
{%- endmacro %}


{% macro spark__count_log_rows(parts) -%}
    {%- set counts = spark_answer('count_log_rows', [spark_literal(tojson(parts))]).parts if execute else [] -%}
    select inline(from_json({{ spark_literal(tojson(counts)) }}, 'array<struct<part string, row_count bigint>>'))
{%- endmacro %}


-- What one of the session's functions answers, an object; stops the run with the error that it has instead.
{% macro spark_answer(function, arguments) -%}
    {%- set answer = fromjson(run_query("select " ~ function ~ "(" ~ arguments | join(', ') ~ ")").rows[0][0]) -%}
    {%- if answer.error -%}
        {{ exceptions.raise_compiler_error(answer.error) }}
    {%- endif -%}
    {{ return(answer) }}
{%- endmacro %}


-- A text as SQL: a backslash means something in Spark's literals.
{% macro spark_literal(text) -%}
    '{{ text | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro %}
