"""Nodes that choose or order rows."""
