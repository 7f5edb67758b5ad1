"""Benchmarks: Runnel beside hand-written DuckDB, Polars and pandas in the same interleaved run."""
