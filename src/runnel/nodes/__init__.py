"""Built-in nodes between sources and sinks, one file each."""
