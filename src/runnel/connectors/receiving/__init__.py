"""Sources that are sent their records by a connection: what comes is kept in a durable log, and read from there."""
