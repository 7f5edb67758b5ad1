"""Reads an archive to its end and then a live source; implements `sdk.streaming.Reader`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from runnel.connectors.archive.source import selected
from runnel.errors import ConnectorError
from runnel.sdk.source import Probe
from runnel.sdk.streaming import Decoded, Decoder, Position, Reader, Records, StreamContext

if TYPE_CHECKING:
    from runnel.connectors.archive.source import ArchiveSource

PARTITION = "archive"
LOOK_SECONDS = 0.05


class ArchiveReader:
    """The archive is one partition; those of the live source appear when it is read, so that none holds back time before.

    The live source is opened at once, which keeps what it has for us and tells early what is gone. The archive's
    position holds the version of the dataset that is read, and how many of its rows were; the border by position is
    found in that version, whenever it is asked for.
    """

    def __init__(self, source: ArchiveSource, context: StreamContext, live: Reader, probe: Probe, filtered: bool) -> None:
        self.source = source
        self.config: Any = source.config
        self.context = context
        self.live = live
        self.probe = probe
        self.filtered = filtered
        self.at: Position | None = None
        self._followed: Any = None
        self._open: Iterator[Any] | None = None
        self._step: Any = None
        self._live_names: list[str] = []
        self._held: frozenset[str] = frozenset()

    @property
    def trouble(self) -> str:
        """What is wrong outside at the moment, in words."""
        return str(getattr(self.live, "trouble", ""))

    def told(self) -> Mapping[str, Any]:
        """Return what is told of the live source."""
        tell = getattr(self.live, "told", None)
        return {**(tell() if tell is not None else {}), "archive": "read" if self._done else "being read"}

    @property
    def _done(self) -> bool:
        return self.at is not None and bool(self.at.detail.get("done"))

    def partitions(self) -> Sequence[str]:
        """Return the archive, and once it is read, those of the live source."""
        return [PARTITION, *(self.live.partitions() if self._done else ())]

    def open(self, positions: Mapping[str, Position | None]) -> None:
        """Begin to read, or go on; raises ConnectorError where the live source lacks what follows the archive."""
        if self._followed is None:
            self._followed = self._archive()
        at = positions.get(PARTITION) or self.at
        if at is None:
            if self._followed.table() is None:
                what = f"{self.context.node}: the dataset {self.config.archive} is not there"
                raise ConnectorError("RNL-DATASET-012", what, "It is looked for again.", retryable=True)
            at = Position(0, {"dataset": self.config.archive, "version": self._followed.newest(), "done": False})
        self.at = at
        self._open = None
        self._followed.check(at.detail["version"])
        live = {name: position for name, position in positions.items() if name != PARTITION}
        if not all(live.values()) or not live:
            begun = self._begun(at.detail["version"], any(live.values()))
            names = list(dict.fromkeys([*live, *self.live.partitions()]))
            live = {name: live.get(name) or begun.get(name) for name in names}
        self._live_names = list(live)
        self.live.open(live)

    def _archive(self) -> Any:
        """Return the archive: a dataset, or files."""
        if self.config.archive:
            return self.context.datasets.followed(self.config.archive)
        from runnel.connectors.archive.files import FileArchive
        from runnel.connectors.polling.asking import reading_connection

        files = self.source.kept_files()
        return FileArchive(files, self.context.folder, reading_connection(files.reads(self.context.folder)))

    def _begun(self, version: Any, known: bool) -> dict[str, Position]:
        """Return where live partitions begin: after what the archive has of them.

        Where live partitions are known and the archive is not kept any more, those that come are new ones.
        """
        if self.config.by != "position":
            return {}
        partition, position = _quoted(self.config.partition), _quoted(self.config.position)
        query = f"SELECT {partition}, max({position}) + 1 FROM {{rows}} WHERE {position} IS NOT NULL GROUP BY 1"
        try:
            found = self._followed.answer(version, query)
        except ConnectorError:
            if known and self._done:
                return {}
            raise
        return {str(name): Position(int(next)) for name, next in found if name is not None}

    def _rows(self) -> Any:
        """Return the archive's rows as a step, in the order of their time, or of their positions."""
        assert self.at is not None
        if self._step is None:
            config, version = self.config, self.at.detail["version"]
            where = ""
            if (border := self.source.border()) is not None:
                where = f"WHERE {moment_sql(config, self.probe.options['archive'])} < make_timestamptz({border})"
            order = [_quoted(config.event_time)] if config.event_time else []
            order += [_quoted(config.partition), _quoted(config.position)] if config.by == "position" else []
            columns, archive = dict(self.probe.columns), self.probe.options["archive"]
            order += [_quoted(name) for name in archive if _quoted(name) not in order]  # the same order each time
            inner = f"SELECT * FROM {{rows}} {where} ORDER BY {', '.join(order)}"
            text = f"SELECT {selected(columns, archive)} FROM ({inner})"
            self._step = self._followed.selected(version, text, columns)
        return self._step

    def poll(self, most_bytes: int, most_records: int, wait_seconds: float) -> Sequence[Records]:
        """Return rows of the archive, or records of the live source."""
        if self.at is None:
            return []
        if self._done:
            return self._polled(most_bytes, most_records, wait_seconds)
        if PARTITION in self._held:
            time.sleep(min(wait_seconds, LOOK_SECONDS))
            return []
        if self._open is None:
            self._open = _cut(self._followed.batches(self._rows(), self.probe.columns, self.at.next), most_records)
        rows = next(self._open, None)
        if rows is None:
            self.at = Position(self.at.next, {**self.at.detail, "done": True})
            return [Records(PARTITION, self._shaped(None), self.at, at_end=True)]
        table = self._shaped(rows)
        self.at = Position(self.at.next + rows.num_rows, self.at.detail)
        return [Records(PARTITION, table, self.at, bytes=table.nbytes)]

    def _polled(self, most_bytes: int, most_records: int, wait_seconds: float) -> list[Records]:
        """Return live records; the archive stands at its end."""
        assert self.at is not None
        found = [*self.live.poll(most_bytes, most_records, wait_seconds)]
        border = self.source.border()
        if self.filtered and border is not None:
            found = [replace(one, table=from_border(one.table, self.config, border)) for one in found]
        return [*found, Records(PARTITION, self._shaped(None), self.at, at_end=True)]

    def _shaped(self, rows: Any) -> Any:
        import pyarrow as pa

        assert self.at is not None
        count = 0 if rows is None else rows.num_rows
        made = pa.table({}) if rows is None else rows.drop_columns(["_op"])
        moment = pa.array([None if rows is None else self._rows().at] * count, pa.timestamp("us", "UTC"))
        made = made.append_column("_position", pa.array(range(self.at.next, self.at.next + count), pa.int64()))
        return made.append_column("_ingest_time", moment).append_column("_event_time", moment)

    def ends(self) -> Mapping[str, int]:
        """Return the ends of both: the live source's are known before its partitions are read."""
        if self.at is None:
            return {}
        known = self.at.next if self._done else self._followed.count(self._rows())
        return {**self.live.ends(), PARTITION: known}

    def pause(self, partitions: Sequence[str]) -> None:
        """Hold back."""
        self._held = frozenset(partitions)
        self.live.pause([name for name in partitions if name != PARTITION])

    def release(self, positions: Mapping[str, Position]) -> None:
        """Let the live source go on; versions of datasets are kept by the project's retention."""
        live = {name: at for name, at in positions.items() if name != PARTITION}
        if live:
            self.live.release(live)

    def close(self) -> None:
        """Give everything back."""
        self._open = None
        self.live.close()
        if self._followed is not None:
            self._followed.connection.close()


@dataclass(frozen=True)
class BorderDecoder:
    """Decodes live records and leaves out what lies before the border; rows of the archive pass."""

    inner: Decoder
    source: ArchiveSource

    def decode(self, connection: Any, raw: Any) -> Decoded:
        """Decode a table with `value`, or let one without it pass."""
        if "value" not in raw.column_names:
            return Decoded(raw)
        made = self.inner.decode(connection, raw)
        border = self.source.border()
        if border is None:
            return made
        return Decoded(from_border(made.rows, self.source.config, border), made.refused)


def from_border(rows: Any, config: Any, border: int) -> Any:
    """Return rows whose time is not before the border; those without a time stay."""
    import pyarrow as pa
    import pyarrow.compute

    from runnel.connectors.kafka.sampling import moments

    pc: Any = pyarrow.compute
    if config.event_time not in rows.column_names or not rows.num_rows:
        return rows
    times = moments(rows.column(config.event_time), config.event_time_unit)
    return rows.filter(pc.fill_null(pc.greater_equal(times, pa.scalar(border, pa.timestamp("us", "UTC"))), True))


def moment_sql(config: Any, columns: Mapping[str, str]) -> str:
    """Return the event time of the archive's rows as SQL."""
    name, type = _quoted(config.event_time), columns[config.event_time]
    factor = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}[config.event_time_unit]
    number = type.endswith("INT") or type == "INTEGER"
    return f"make_timestamptz(({name} * {factor})::BIGINT)" if number else f"CAST({name} AS TIMESTAMPTZ)"


def _cut(batches: Iterator[Any], most: int) -> Iterator[Any]:
    for table in batches:
        for begin in range(0, table.num_rows, most):
            yield table.slice(begin, most)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
