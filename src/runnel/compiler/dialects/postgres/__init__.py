"""PostgreSQL: DuckDB's meaning written in PostgreSQL's SQL, or a refusal with its reason."""
