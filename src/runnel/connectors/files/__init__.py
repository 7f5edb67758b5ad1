"""Files as sources and sinks: one module per format, found by walking this package."""
