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
    SinkContext,
    Target,
    Where,
    Written,
    field,
)
from runnel.sdk.delivery import Delivery, DeliveryContext, StreamSink
from runnel.sdk.names import nearest_column, resolve_column

BY_KEY = ("upsert", "delete", "history")


class DatasetSink(StreamSink):
    """Publishes the rows as a new version of a dataset; readers see the old version or the new one, never half of it.

    In a stream, rows that have `_op` (insert, update, delete, truncate; `_before` with the earlier key) are changes: `upsert`
    keeps the newest row of each key, `history` keeps all of them with `valid_from`, `valid_to` and `is_current`.
    """

    kind = "sink.dataset"
    title = "Save dataset"
    summary = "Publish rows as a versioned dataset"
    icon = "database"
    synonyms = ("save", "publish", "table", "delta", "output", "store", "upsert", "append")
    guarantee = "exactly_once"
    most_per_second = 1.0

    class Config(NodeConfig):
        """Settings of the dataset."""

        name: str = field(title="Name", help="The dataset's name, unique in the project.", min_length=1, max_length=200)
        mode: Literal["append", "replace", "upsert", "delete", "history"] = field(
            "replace", title="Mode", widget="choice",
            help="Add the rows, replace all, or update by key. In streams also: delete the keys, or keep the history of each.",
        )  # fmt: skip
        key: list[str] = field(default_factory=list, title="Key", widget="columns",
                               help="upsert, delete, history: the columns that say which row is which.")  # fmt: skip
        valid_from: str | None = field(None, title="True from", widget="column", advanced=True,
                                       help="history: the column with the time; `_commit_time` without it.")  # fmt: skip

    examples = (
        Example("A table by key", {"name": "example", "mode": "upsert", "key": ["id"]}, {"input": [{"id": 1}]}),
    )

    @classmethod
    def refuses_changes(cls, config: Config) -> str | None:
        """Without a key all rows are kept."""
        return None if config.mode in BY_KEY else f"mode {config.mode} keeps every row"

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the dataset and the mode."""
        return f"dataset {config.name} · {config.mode}"

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Finding]:
        """Report a missing or unknown key, and what a history lacks."""
        config, found = self.config, inputs["input"]
        if config.mode in BY_KEY and not config.key:
            what = f"mode {config.mode} needs `key`"
            yield Finding("RNL-CONFIG-002", "error", what, "Name the key columns.", Where(field="key"))
        for name in config.key:
            if resolve_column(found, name) is None:
                yield nearest_column(found, name, Where(field="key"))
        if config.mode != "history":
            return
        if resolve_column(found, self._time) is None:
            yield nearest_column(found, self._time, Where(field="valid_from"))
        for name in ("valid_from", "valid_to", "is_current"):
            if resolve_column(found, name) is not None:
                what = f"a history has a column `{name}` of its own, and the rows have one too"
                yield Finding("RNL-CONFIG-002", "error", what, "Rename or leave out the column.", Where(field="mode"))

    @property
    def _time(self) -> str:
        return self.config.valid_from or "_commit_time"

    def relate(self, input: Relation) -> Relation:
        """Take the rows as they are."""
        return input

    def target(self, folder: str) -> Target:
        """Return the dataset."""
        return Target(f"dataset {self.config.name}", "name", self.config.mode == "append")

    def stage(self, connection: Connection, query: str, staging: str, types: Mapping[str, str]) -> Written:
        """Write one Parquet file into the staging folder."""
        if self.config.mode in ("delete", "history"):
            what = f"{self.id}: mode {self.config.mode} is for streams"
            raise AuthoringError("RNL-DATASET-009", what, "Read a source without end, or use another mode.", {"field": "mode"})
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

    def delivery(self, context: DeliveryContext) -> Delivery:
        """Append epochs, or changes by key; with mode `replace` the stream's first rows replace what was there."""
        config = self.config
        time = self._time if config.mode == "history" else None
        made: Delivery = context.datasets.delivery(config.name, config.mode, context.app, context.types, config.key, time)
        return made

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
