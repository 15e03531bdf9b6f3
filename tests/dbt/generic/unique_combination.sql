-- Fails for every combination of the columns that more than one row has. A view that `is_computed` when asked is looked at
-- in one range, as it is made the same way in all.
{% test unique_combination(model, columns, is_computed=false) %}

select {{ columns | join(', ') }}
from {{ model }}
{% if is_computed -%}
where time_range = '{{ var('time_ranges')[0] }}d'
{% endif -%}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
