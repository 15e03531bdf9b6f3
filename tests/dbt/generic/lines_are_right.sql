-- Every line of a seed that users may add to is right. It stops with the wrong ones in words: dbt prints no rows.
{% test lines_are_right(model) %}
{% set wrong %}
select
    file,
    line_number,
    line,
    problem
from {{ model }}
where problem is not null
{% endset %}
{% set sentences = [] %}
{% for row in (run_query(wrong).rows if execute else []) %}
{% do sentences.append(row[0] ~ (' line ' ~ row[1] if row[1] else '') ~ ' (' ~ row[2] ~ ') ' ~ row[3]) %}
{% endfor %}
{% if sentences %}
{{ exceptions.raise_compiler_error('wrong lines of a seed: ' ~ sentences | join('; ') ~ ': fix them, or take them out') }}
{% endif %}
{{ wrong }}
{% endtest %}
