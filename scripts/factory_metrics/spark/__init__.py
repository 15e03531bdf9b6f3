"""The models on Apache Spark: a session, and dbt in it."""
