"""The durable log: segment files with checksums, one writer, many readers, nothing acknowledged before it is on disk."""
