-- Fails for every combination of the columns that more than one row has. With `changed_key`, only rows are looked at
-- whose key is that of a delivery in `deliveries` that came since all tests last passed.
{% test unique_combination(model, columns, changed_key=none, deliveries=none) %}

select {{ columns | join(', ') }}
from {{ model }}
{% if changed_key -%}
{% set tested = tested_batch() -%}
{% if tested > 0 -%}
where {{ changed_key }} in (select {{ changed_key }} from {{ deliveries }} where batch_id > {{ tested }})
{% endif -%}
{% endif -%}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
