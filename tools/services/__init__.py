"""Real services for tests, examples and benchmarks, natively installed: one small file per service."""
