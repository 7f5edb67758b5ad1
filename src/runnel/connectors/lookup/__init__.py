"""Columns that another system knows: a node that asks a database or an HTTP API about the rows of a stream."""
