"""The runtime: executes a plan, counts every row, and keeps what was refused."""
