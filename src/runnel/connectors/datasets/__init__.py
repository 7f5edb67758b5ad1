"""Datasets as sources and sinks: named, versioned tables that pipelines publish."""
