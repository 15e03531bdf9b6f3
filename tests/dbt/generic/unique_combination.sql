-- Fails for every combination of the columns that more than one row has. With `changed_key`, only rows are looked at
-- whose key is that of a delivery in `deliveries` that came since all tests last passed. A view that `is_computed` when
-- asked is looked at until all tests have passed once, and in one range, as it is made the same way in all.
{% test unique_combination(model, columns, changed_key=none, deliveries=none, is_computed=false) %}

{% set tested = tested_batch() if changed_key or is_computed else 0 -%}
select {{ columns | join(', ') }}
from {{ model }}
{% if is_computed -%}
where {{ 'false' if tested > 0 else "time_range = '" ~ var('time_ranges')[0] ~ "d'" }}
{% elif tested > 0 -%}
where {{ changed_key }} in (select {{ changed_key }} from {{ deliveries }} where batch_id > {{ tested }})
{% endif -%}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
