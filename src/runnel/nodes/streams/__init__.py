"""Nodes over time: windows, sessions, running values, de-duplication, joins of streams, patterns."""
