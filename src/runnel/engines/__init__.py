"""Engines: what runs a segment of a plan."""
