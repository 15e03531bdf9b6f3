-- Where relations were in earlier releases, and where they are today.


-- The schema of what runs write down for themselves.
{% macro internal_schema() -%}
    {{ return(schema_called('internal')) }}
{%- endmacro %}


-- Moves what earlier releases built in the schema that people query into the schemas of today: rows stay, though the logs may
-- be gone. Nobody else has written them since they were moved, so what is in both places is a leftover; and so are views. The
-- demo's logs have always had a schema of their own, and may have the names of a user's tables.
{% macro move_relations() -%}
    {%- if execute and can_delete_rows() -%}
    {%- set progress = progress_table(api.Relation.create(database=warehouse_database())) -%}
    {%- do adapter.create_schema(progress) -%}
    {%- if flags.WHICH in ['build', 'run', 'seed', 'snapshot'] -%}
        {%- set relations = [progress, passed_rejections_table()] -%}
        {%- for node in graph.nodes.values()
            if node.resource_type in ['model', 'seed'] and 'raw' not in node.fqn and node.database == warehouse_database()
            and node.schema != target.schema -%}
            {%- do relations.append(api.Relation.create(
                database=node.database, schema=node.schema, identifier=node.alias
            )) -%}
        {%- endfor -%}
        {%- for relation in relations -%}
            {%- set earlier = adapter.get_relation(warehouse_database(), target.schema, relation.identifier) -%}
            {%- if earlier -%}
                {%- if earlier.is_table and not load_relation(relation) -%}
                    {%- do adapter.create_schema(relation) -%}
                    {%- do run_query("create table " ~ relation ~ " as select * from " ~ earlier) -%}
                    {%- do adapter.cache_added(relation.incorporate(type='table')) -%}
                {%- endif -%}
                {%- do adapter.drop_relation(earlier) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}
