"""Use cases, one file per aggregate; the only place that wires compiler, runtime, store, nodes and engines."""
