-- The earlier of two timestamps, either of which may be null: least() is null then on some engines.
{% macro earlier(one, other) -%}
    case when {{ one }} < {{ other }} then {{ one }} else coalesce({{ other }}, {{ one }}) end
{%- endmacro %}
