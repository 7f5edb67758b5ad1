"""Connectors: the code that knows one kind of outside system each."""
