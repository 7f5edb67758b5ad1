"""Nodes that combine, group or reshape tables."""
