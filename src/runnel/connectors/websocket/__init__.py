"""Records from WebSockets."""
