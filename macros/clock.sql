-- An instant given as ISO 8601 (or as what YAML makes of it) as text in UTC; without an offset it is UTC.
{% macro utc_instant(text) -%}
    {%- set form = '^\d{4}-?\d{2}-?\d{2}([T ]\d{2}(:?\d{2}(:?\d{2}([.,]\d+)?)?)?(Z|[+-]\d{2}(:?\d{2})?)?)?$' -%}
    {%- if not modules.re.match(form, text | string | trim) -%}
        {{ exceptions.raise_compiler_error(
            "the var as_of is '" ~ text ~ "', which is not an ISO 8601 instant: write it like 2026-06-30T12:00:00Z"
        ) }}
    {%- endif -%}
    {%- set instant = modules.datetime.datetime.fromisoformat(text | string | trim) -%}
    {%- if instant.tzinfo -%}
        {%- set instant = instant.astimezone(modules.pytz.utc) -%}
    {%- endif -%}
    {{ return(instant.strftime('%Y-%m-%d %H:%M:%S.%f')) }}
{%- endmacro %}
