"""Pipelines without end: which rows never stop, what every record carries along, and the plan of a stream."""
