-- What runs cost when their logs do not say: tokens and prices.


-- The kinds of tokens, each with its key in metadata and payloads. They are disjoint.
{% macro token_kinds() -%}
    {{ return({
        'input': 'inputTokens',
        'output': 'outputTokens',
        'cache_read': 'cacheReadTokens',
        'cache_write': 'cacheWriteTokens',
    }) }}
{%- endmacro %}


-- The columns that hold a run's tokens.
{% macro token_columns() -%}
    {%- set columns = [] -%}
    {%- for kind in token_kinds() -%}
        {%- do columns.append(kind ~ '_tokens') -%}
    {%- endfor -%}
    {{ return(columns + ['token_counts_are_whole']) }}
{%- endmacro %}


-- The token columns out of a JSON object: null where a kind is not given. `token_counts_are_whole` says so of all that are
-- given, and is null where none is.
{% macro token_counts(object) -%}
    {%- for kind, key in token_kinds().items() -%}
    {{ json_measure(object, key) }} as {{ kind }}_tokens,
    {% endfor -%}
    case
        when
            {% for key in token_kinds().values() -%}
            {{ json_text(object, key) }} is not null{{ ' or' if not loop.last }}
            {% endfor -%}
            then
            {% for key in token_kinds().values() -%}
            ({{ json_text(object, key) }} is null or {{ json_is_count(object, key) }})
            {{- ' and' if not loop.last }}
            {% endfor -%}
    end as token_counts_are_whole
{%- endmacro %}


-- A duration in milliseconds, else null: a mean of longer ones would not fit the document's 64 bits.
{% macro valid_duration(measure) -%}
    case when {{ measure }} between 0 and 9223372036854775807 then {{ measure }} end
{%- endmacro %}
