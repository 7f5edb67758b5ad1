"""Write a dataset."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from runnel.errors import AuthoringError
from runnel.sdk import (
    Connection,
    Example,
    Finding,
    NodeConfig,
    Relation,
    Sink,
    SinkContext,
    Target,
    Where,
    Written,
    field,
)
from runnel.sdk.names import nearest_column, resolve_column


class DatasetSink(Sink):
    """Publishes the rows as a new version of a dataset; readers see the old version or the new one, never half of it."""

    kind = "sink.dataset"
    title = "Save dataset"
    summary = "Publish rows as a versioned dataset"
    icon = "database"
    synonyms = ("save", "publish", "table", "delta", "output", "store", "upsert", "append")
    guarantee = "exactly_once"

    class Config(NodeConfig):
        """Settings of the dataset."""

        name: str = field(title="Name", help="The dataset's name, unique in the project.", min_length=1, max_length=200)
        mode: Literal["append", "replace", "upsert"] = field("replace", title="Mode",
                                                             help="Add the rows, replace all, or update by key.")  # fmt: skip
        key: list[str] = field(default_factory=list, title="Key", widget="columns",
                               help="upsert: the columns that say which row is which.")  # fmt: skip

    examples = (
        Example("A table by key", {"name": "example", "mode": "upsert", "key": ["id"]}, {"input": [{"id": 1}]}),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the dataset and the mode."""
        return f"dataset {config.name} · {config.mode}"

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Finding]:
        """Report a missing or unknown key."""
        if self.config.mode == "upsert" and not self.config.key:
            yield Finding(
                "RNL-CONFIG-002", "error", "mode upsert needs `key`", "Name the key columns.", Where(field="key")
            )
        for name in self.config.key:
            if resolve_column(inputs["input"], name) is None:
                yield nearest_column(inputs["input"], name, Where(field="key"))

    def relate(self, input: Relation) -> Relation:
        """Take the rows as they are."""
        return input

    def target(self, folder: str) -> Target:
        """Return the dataset."""
        return Target(f"dataset {self.config.name}", "name", self.config.mode == "append")

    def stage(self, connection: Connection, query: str, staging: str, types: Mapping[str, str]) -> Written:
        """Write one Parquet file into the staging folder."""
        from runnel.connectors.datasets.storing import stored_columns

        path = os.path.join(staging, "rows.parquet")
        text = stored_columns(query, types)
        target = path.replace("'", "''")
        options = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"
        row = connection.execute(f"COPY ({text}) TO '{target}' ({options})").fetchone()
        if self.config.mode == "upsert":
            self._refuse_double_keys(connection, target)
        return Written(rows=int(row[0]), path=path, detail={"types": dict(types)})

    def _refuse_double_keys(self, connection: Connection, file: str) -> None:
        """Find a key that stands twice before any sink of the run is committed."""
        keys = ", ".join('"' + name.replace('"', '""') + '"' for name in self.config.key)
        query = f"SELECT {keys}, count(*) FROM read_parquet('{file}') GROUP BY ALL HAVING count(*) > 1 LIMIT 1"
        double = connection.execute(query).fetchone()
        if double is not None:
            key = dict(zip(self.config.key, double, strict=False))
            what = f"the key {key} stands {double[-1]} times in one write to {self.config.name}"
            hint = "Remove duplicates before the sink (table.deduplicate)."
            raise AuthoringError("RNL-DATASET-004", what, hint, {"field": "key"})

    def commit(self, staged: Written, staging: str, context: SinkContext) -> Written:
        """Publish the staged rows as one version."""
        config = self.config
        token = f"{context.run_id}:{self.id}"
        made = context.datasets.publish(
            config.name, [staged.path or ""], config.mode, config.key, token, dict(staged.detail["types"])
        )
        detail = {key: made[key] for key in ("inserted", "updated") if key in made}
        return replace(
            staged, rows=int(made["rows"]), path=None, dataset=config.name, version=int(made["version"]), detail=detail
        )
