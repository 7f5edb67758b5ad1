"""The verbs of the command line, one file each; a file is imported only when its verb is used."""
