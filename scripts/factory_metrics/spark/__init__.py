"""A second engine, Apache Spark: a session, and dbt in it."""
