-- Functions in Python that a session offers, see scripts/factory_metrics/logs/log_functions.py: of texts, and answered by one.


-- What a function answers. The arguments are SQL.
{% macro answer_of(function, arguments=[]) -%}
    {{ return(run_query("select " ~ function ~ "(" ~ arguments | join(', ') ~ ")").rows[0][0]) }}
{%- endmacro %}


-- The object that a function answers; stops the run with the error that it has instead.
{% macro object_of(function, arguments) -%}
    {%- set answer = fromjson(answer_of(function, arguments)) -%}
    {%- if answer.error -%}
        {{ exceptions.raise_compiler_error(answer.error) }}
    {%- endif -%}
    {{ return(answer) }}
{%- endmacro %}
