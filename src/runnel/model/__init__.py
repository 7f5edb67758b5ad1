"""The pipeline document: load, save, versions, migrations, findings."""
