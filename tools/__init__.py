"""The project's own commands, called by the Makefile."""
