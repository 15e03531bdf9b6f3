-- Every line of the seeds that users may add to is right. Wrong ones are not used, and named on the screen.
{% set lines %}
{% for name in ['station_aliases', 'model_prices', 'model_providers'] %}
select
    file,
    line_number,
    line,
    problem
from {{ ref('stg_' ~ name) }}
where problem is not null
{{ 'union all' if not loop.last }}
{% endfor %}
{% endset %}
{% if execute and flags.WHICH in ['build', 'test'] %}
{% for row in run_query(lines).rows %}
{% do log(row[0] ~ (' line ' ~ row[1] if row[1] else '') ~ ' (' ~ row[2] ~ ') ' ~ row[3], info=true) %}
{% endfor %}
{% endif %}
{{ lines }}
