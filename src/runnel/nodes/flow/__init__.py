"""Nodes that hold other nodes: sub-pipelines and rule lists."""
