"""The dialects of SQL that a plan can be written in, with DuckDB's meaning as the reference."""
