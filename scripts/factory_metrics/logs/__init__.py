"""The raw logs as files: which there are, which rows each of them has, and how DuckDB reads them."""
