-- Fails for every combination of the columns that more than one row has. With `changed_key`, only rows are looked at
-- whose key is that of a delivery in `deliveries` that came since all tests last passed. With `is_computed`, all are
-- looked at until they have passed once: asking such a view costs as much as a build.
{% test unique_combination(model, columns, changed_key=none, deliveries=none, is_computed=false) %}

{% set tested = tested_batch() if changed_key or is_computed else 0 -%}
select {{ columns | join(', ') }}
from {{ model }}
{% if tested > 0 -%}
where {{ 'false' if is_computed else changed_key ~ ' in (select ' ~ changed_key ~ ' from ' ~ deliveries ~ ' where batch_id > ' ~ tested ~ ')' }}
{% endif -%}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
