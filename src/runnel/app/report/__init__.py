"""A run as one self-contained HTML page: graph, charts, tables, ledger, dead letters; no script, no network."""
