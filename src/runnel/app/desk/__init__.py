"""The desk: one process that compiles, previews and runs, so that the server answers while work is done."""
