-- Text that the logs deliver, made into values without ever failing a run. Spark's regular expressions are Java's: `$` also
-- matches before a line's end, so patterns end with `\z`. They are raw literals, as plain ones lose their backslashes.


{% macro spark__sql_text(text) -%}
    '{{ text | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro %}


-- Unicode's white space as a character class; trim() knows only some of it.
{% macro spark_blank_characters() -%}
    \t-\r\x1c-\x20\x85\p{Z}
{%- endmacro %}


-- Looks for blanks at the end only where they begin: a text with many blanks inside would take long.
{% macro spark__trimmed(text) -%}
    {%- set blank = '[' ~ spark_blank_characters() ~ ']' -%}
    regexp_replace({{ text }}, r'\A{{ blank }}+|(?<!{{ blank }}){{ blank }}++\z', '')
{%- endmacro %}


{% macro spark__null_if_blank(text) -%}
    case when {{ text }} rlike r'[^{{ spark_blank_characters() }}]' then {{ text }} end
{%- endmacro %}


-- Java writes İ in lower case as two characters, and Σ at the end of a word as ς; DuckDB does neither.
{% macro spark__lower_case(text) -%}
    lower(translate({{ text }}, 'İΣ', 'iσ'))
{%- endmacro %}


{% macro spark__without_blanks(text) -%}
    regexp_replace({{ text }}, r'[{{ spark_blank_characters() }}]+', '')
{%- endmacro %}


{% macro spark__one_separator(text) -%}
    regexp_replace({{ text }}, r'[-_{{ spark_blank_characters() }}]+', '-')
{%- endmacro %}


{% macro spark__parse_date(text) -%}
    case when {{ trimmed(text) }} rlike r'\A\d{4}-\d{2}-\d{2}\z' then try_cast({{ trimmed(text) }} as date) end
{%- endmacro %}


-- Spark's cast takes offsets up to 18 hours and no hour 24: day, time and offset are read one by one.
{% macro spark__parse_timestamp(text) -%}
    {%- set zone = '([+-]([01]\d|2[0-3])(:?[0-5]\d)?|[Zz])?' -%}
    {%- set any_form = '\A(\d{4}-\d{2}-\d{2}|\d{8})([Tt ]\d{2}(:?\d{2}(:?\d{2}([.,]\d+)?)?)? ?' ~ zone ~ ')?\z' -%}
    {%- set clean = trimmed(text) -%}
    {%- set day = "regexp_replace(" ~ clean ~ ", r'\A(\d{4})-?(\d{2})-?(\d{2})(?s:.*)', '$1-$2-$3')" -%}
    {%- set clock = "rpad(replace(regexp_extract(" ~ clean ~ ", r'[Tt ]([\d:]+)', 1), ':', ''), 6, '0')" -%}
    {%- set fraction = "substr(regexp_extract(" ~ clean ~ ", r'[.,](\d+)', 1) || '000000', 1, 6)" -%}
    {%- set offset = "rpad(replace(regexp_extract(" ~ clean ~ ", r'[Tt ].*[+-]([\d:]+)\z', 1), ':', ''), 4, '0')" -%}
    {%- set sign = "case when " ~ clean ~ " rlike r'[Tt ].*-[\d:]+\z' then 1 else -1 end" -%}
    {%- set is_midnight = clock ~ " = '240000' and " ~ fraction ~ " = '000000'" -%}
    case when {{ clean }} rlike r'{{ any_form }}' then
        try_cast(
            {{ day }} || ' ' || case
                when {{ is_midnight }} then '00:00:00'
                else regexp_replace({{ clock }}, r'\A(\d{2})(\d{2})(\d{2})\z', '$1:$2:$3') || '.' || {{ fraction }}
            end as timestamp
        )
        + make_dt_interval(
            case when {{ is_midnight }} then 1 else 0 end,
            {{ sign }} * cast(substr({{ offset }}, 1, 2) as int),
            {{ sign }} * cast(substr({{ offset }}, 3, 2) as int)
        )
    end
{%- endmacro %}


{% macro spark__parse_measure(text) -%}
    case
        when {{ trimmed(text) }} rlike r'\A(\+?(\d+\.?\d*|\.\d+)|-(0+\.?0*|\.0+))([eE][+-]?\d+)?\z'
            then try_cast({{ trimmed(text) }} as {{ measure_type() }})
    end
{%- endmacro %}
