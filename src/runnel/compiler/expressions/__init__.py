"""The expression language: text becomes a checked, typed SQLGlot tree, or findings."""
