"""The command line: `runnel VERB …`."""
