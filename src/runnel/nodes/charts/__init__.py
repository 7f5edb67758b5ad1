"""Charts: nodes whose result is a chart specification with its data."""
