"""Nodes that look at the quality of data."""
