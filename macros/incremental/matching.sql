-- Whether two rows have the same keys. Null is a project of its own.
{% macro matching(left, right, keys) -%}
    {% for key in keys -%}
    {{ left }}.{{ key }} {{ 'is not distinct from' if key == 'project_id' else '=' }} {{ right }}.{{ key }}
    {{- ' and ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
