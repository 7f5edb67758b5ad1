"""The stream runtime: epochs that are transactions, state that survives any death, sinks that count every row once."""
