"""Read a dataset."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from runnel.sdk import Connection, DeadLetters, NodeConfig, Opened, Probe, Source, field


class DatasetSource(Source):
    """Reads a version of a dataset, the newest one unless `version` says otherwise.

    What the dataset consists of is told by the project's catalogue of datasets when the pipeline is compiled; the worker
    gets exactly those files.
    """

    kind = "source.dataset"
    title = "Read dataset"
    summary = "Rows of a published dataset"
    icon = "database"
    synonyms = ("table", "delta", "load dataset", "time travel")

    class Config(NodeConfig):
        """Settings of the dataset."""

        name: str = field(title="Name", help="The dataset's name.", min_length=1)
        version: int | None = field(None, title="Version", help="An older version; the newest without it.", ge=0)

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the dataset."""
        return f"dataset {config.name}" + (f" version {config.version}" if config.version is not None else "")

    def shown(self) -> str:
        """Show the dataset as a table of its name."""
        return '"' + self.config.name.replace('"', '""') + '"'

    def from_dataset(self, query: str, files: Sequence[str], columns: Mapping[str, str], version: int) -> Probe:
        """Return the probe of a version that the project's store found."""
        text = json.dumps([self.config.name, version, list(files)])
        options = {"query": query, "exact_rows": True, "version": version}
        return Probe(columns, options, hashlib.sha256(text.encode()).hexdigest(), tuple(files))

    def open(self, connection: Connection, probe: Probe, columns: Mapping[str, str], letters: DeadLetters) -> Opened:
        """Read the version's Parquet files; their metadata know the number of rows."""
        query = str(probe.options["query"])
        row = connection.execute(f"SELECT count(*) FROM ({query})").fetchone()
        return Opened(f"({query})", rows=int(row[0]))
