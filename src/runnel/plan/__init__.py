"""The compiled, serialisable plan: what the compiler makes and the runtime executes."""
