"""Sources that are asked again and again: what is new since the last time goes to a log, and is read from there."""
