"""Names of metrics, spans and log events, and what emits them."""
