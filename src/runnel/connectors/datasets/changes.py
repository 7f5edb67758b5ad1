"""Follow a dataset: its rows, and then what every version of it adds or changes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from runnel.errors import AuthoringError, ConnectorError
from runnel.sdk import Connection, DeadLetters, Opened, Probe, field
from runnel.sdk.streaming import METADATA, Position, Reader, Records, StreamConfig, StreamContext, StreamSource

PARTITION = "0"
OP = "_op"
SHOWN = 500
LOOK_SECONDS = 0.1


class DatasetChangesSource(StreamSource):
    """Gives the rows that a dataset has, and from then on what every new version did, each once and in order.

    `_op` is snapshot, insert, update or delete; `truncate` says that a version replaced all that was there. A dataset that
    a stream keeps by key gives the changes that were written, folding them in gives nothing. Positions are versions and
    numbers of rows, which are read again as long as the versions are kept (`dataset_days`).
    """

    kind = "source.dataset_changes"
    title = "Dataset changes"
    summary = "Rows of a dataset, and then what every new version adds or changes"
    icon = "database"
    synonyms = ("delta", "follow", "change feed", "cdc", "incremental", "live dataset", "stream table", "trigger")

    class Config(StreamConfig):
        """Which dataset, and where to begin."""

        name: str = field(title="Name", widget="dataset", help="The dataset's name.", min_length=1)
        start: Literal["rows", "latest"] = field(
            "rows", title="Begin with", widget="choice", help="rows: those that are there; latest: what comes from now on."
        )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the dataset."""
        return f"dataset {config.name}"

    @classmethod
    def follows(cls, config: Config) -> Sequence[str]:
        """Return the dataset."""
        return (config.name,)

    def identity(self, folder: str) -> str:
        """Change with the config."""
        return hashlib.sha256(self.config.model_dump_json().encode("utf-8", "surrogatepass")).hexdigest()

    def _looked(self) -> Mapping[str, Any]:
        if self.outside is None or not self.outside.datasets:
            what = f"{self.id}: the dataset {self.config.name} cannot be looked at here"
            raise AuthoringError("RNL-DATASET-013", what, "Look at it within its project.")
        return self.outside.datasets[self.config.name]

    def probe(self, connection: Connection, folder: str) -> Probe:
        """Take the columns of the newest version."""
        columns = dict(self._looked()["columns"])
        if taken := [name for name in columns if name == OP or name in METADATA]:
            what = f"{self.id}: the column {taken[0]} of {self.config.name} has a name that changes have themselves"
            raise AuthoringError("RNL-DATASET-013", what, "Save the dataset with another name for it.", {"field": "name"})
        return Probe({**columns, OP: "VARCHAR"}, {}, self.identity(folder))

    def open(self, connection: Connection, probe: Probe, columns: Mapping[str, str], letters: DeadLetters) -> Opened:
        """Return some of the rows that are there."""
        own = ", ".join(_quoted(name) for name in probe.columns if name != OP)
        query = f"SELECT {own}, 'snapshot' AS {OP} FROM ({self._looked()['query']}) LIMIT {SHOWN}"
        return shown_rows(self, connection, query, columns)

    def reader(self, context: StreamContext, probe: Probe) -> Reader:
        """Return what reads the versions."""
        return ChangesReader(self.config, context, {name: type for name, type in probe.columns.items() if name != OP})


def shown_rows(source: StreamSource, connection: Connection, query: str, columns: Mapping[str, str]) -> Opened:
    """Return rows of a query as a source's look shows them, with its metadata columns."""
    config: Any = source.config
    moment = f"make_timestamptz({int(time.time() * 1e6)})"
    timed = f"TRY_CAST({_quoted(config.event_time)} AS TIMESTAMPTZ)" if config.event_time else moment
    text = source.id.replace("'", "''")
    known = {
        "_event_time": timed, "_ingest_time": moment, "_watermark": "NULL::TIMESTAMPTZ", "_source": f"'{text}'",
        "_partition": f"'{PARTITION}'", "_position": "row_number() OVER () - 1", "_key": "NULL::VARCHAR",
        "_headers": "NULL::MAP(VARCHAR, VARCHAR)",
    }  # fmt: skip
    parts = [f"{known[name]} AS {name}" if name in known else _quoted(name) for name in columns]
    name = f"sample:{source.id}"
    rows = connection.sql(f"SELECT {', '.join(parts) or '1'} FROM ({query})").to_arrow_table()
    connection.register(name, rows)
    return Opened(_quoted(name), rows.num_rows)


class ChangesReader:
    """Reads a dataset version by version; implements `sdk.streaming.Reader`.

    A position holds the version, whether all its rows or only what it did is read, and how many of them were.
    """

    def __init__(self, config: Any, context: StreamContext, columns: Mapping[str, str]) -> None:
        self.config = config
        self.context = context
        self.columns = columns
        self.at: Position | None = None
        self.held = False
        self._followed: Any = None
        self._open: tuple[Any, Iterator[Any]] | None = None

    def partitions(self) -> Sequence[str]:
        """Return the one partition, unless it belongs to another lane."""
        return [PARTITION] if self.context.mine(PARTITION) else []

    def open(self, positions: Mapping[str, Position | None]) -> None:
        """Begin where told; at first with all rows, or with the next version."""
        if PARTITION not in positions:
            return
        if self._followed is None:
            self._followed = self.context.datasets.followed(self.config.name)
        self._open = None
        table = self._followed.table()
        if table is None:
            what = f"{self.context.node}: the dataset {self.config.name} is not there"
            raise ConnectorError("RNL-DATASET-012", what, "It is looked for again.", retryable=True)
        at = positions[PARTITION]
        if at is None:
            newest, rows = self._followed.newest(), self.config.start == "rows"
            place = {"dataset": self.config.name, "table": table, "version": newest if rows else newest + 1}
            at = Position(0, {**place, "row": 0, "whole": rows})
        elif at.detail["table"] != table:
            what = f"the dataset {self.config.name} was removed and made anew since it was read"
            raise ConnectorError("RNL-DATASET-012", what, "Rewind the stream to empty state, so that it reads the new one.")
        self.at = at

    def _step(self, detail: Mapping[str, Any]) -> Any:
        """Return what a position reads, None where that version is not there yet."""
        version = int(detail["version"])
        if detail["whole"]:
            return self._followed.whole(version)
        return self._followed.step(version) if self._followed.has(version) else None

    def poll(self, most_bytes: int, most_records: int, wait_seconds: float) -> Sequence[Records]:
        """Return the next rows of the version that is read, or of the next one."""
        if self.at is None or self.held:
            time.sleep(min(wait_seconds, LOOK_SECONDS))
            return []
        end = time.monotonic() + wait_seconds
        while True:
            table = self._next(most_records)
            if table is not None:
                return [self._records(*table)]
            if self._step(self.at.detail) is None:
                if time.monotonic() >= end:
                    return [Records(PARTITION, self._shaped(None, None), self.at, at_end=True)]
                time.sleep(min(wait_seconds, LOOK_SECONDS))

    def _next(self, most: int) -> tuple[Any, Any] | None:
        """Return rows with their step; None when the version has no more: then the next one is at hand."""
        assert self.at is not None
        detail = self.at.detail
        if self._open is None:
            step = self._step(detail)
            if step is None:
                return None
            batches = self._followed.batches(step, self.columns, int(detail["row"])) if step.sql else iter(())
            self._open = (step, _cut(batches, most))
        step, batches = self._open
        found = next(batches, None)
        if found is not None:
            return step, found
        self._open = None
        self.at = Position(self.at.next, {**detail, "version": int(detail["version"]) + 1, "row": 0, "whole": False})
        return None

    def _records(self, step: Any, rows: Any) -> Records:
        assert self.at is not None
        table = self._shaped(step, rows)
        detail = {**self.at.detail, "row": int(self.at.detail["row"]) + rows.num_rows}
        self.at = Position(self.at.next + rows.num_rows, detail)
        return Records(PARTITION, table, self.at, bytes=table.nbytes)

    def _shaped(self, step: Any, rows: Any) -> Any:
        """Return rows with their metadata columns; without any, a table with none."""
        import pyarrow as pa

        count = 0 if rows is None else rows.num_rows
        at = self.at.next if self.at is not None else 0
        made = rows if rows is not None else pa.table({OP: pa.nulls(0, pa.string())})
        moment = pa.array([None if step is None else step.at] * count, pa.timestamp("us", "UTC"))
        made = made.append_column("_position", pa.array(range(at, at + count), pa.int64()))
        return made.append_column("_ingest_time", moment).append_column("_event_time", moment)

    def ends(self) -> Mapping[str, int]:
        """Return the number of the row after those of all versions that there are."""
        if self.at is None:
            return {}
        at, step = self.at, self._step(self.at.detail)
        total, version = at.next - int(at.detail["row"]), int(at.detail["version"])
        while step is not None:
            total += self._followed.count(step)
            version += 1
            step = self._step({"version": version, "whole": False})
        return {PARTITION: max(total, at.next)}

    def pause(self, partitions: Sequence[str]) -> None:
        """Hold back."""
        self.held = PARTITION in partitions

    def release(self, positions: Mapping[str, Position]) -> None:
        """Versions are kept by the project's retention."""

    def close(self) -> None:
        """Give the engine back."""
        self._open = None
        if self._followed is not None:
            self._followed.connection.close()


def _cut(batches: Iterator[Any], most: int) -> Iterator[Any]:
    """Yield tables of at most so many rows."""
    for table in batches:
        for begin in range(0, table.num_rows, most):
            yield table.slice(begin, most)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
