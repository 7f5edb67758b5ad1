"""Nodes that change columns and keep every row."""
