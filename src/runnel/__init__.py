"""Runnel: data pipelines that people draw instead of program."""

__version__ = "0.1.0"
