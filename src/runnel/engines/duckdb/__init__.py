"""DuckDB: the embedded engine and the reference meaning of every node."""
