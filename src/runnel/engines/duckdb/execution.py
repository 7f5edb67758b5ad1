"""Runs one segment inside a worker: opens its sources, runs the query once, and brings back rows, counts, letters."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import duckdb

from runnel.engines.duckdb.functions import register_functions
from runnel.engines.duckdb.oracle import quoted
from runnel.engines.duckdb.profile import fence_counts
from runnel.engines.duckdb.storage import reading_query, storing_query
from runnel.plan.shapes import Segment
from runnel.sdk.source import Opened, Probe, Source

TAP = "runnel_dead_letter"


class LetterBox(Protocol):
    """Takes refused records of one node; see `sdk.DeadLetters`."""

    def refuse(self, node: str, raw: bytes, reason: str, position: Mapping[str, Any], row: bool) -> None:
        """Keep one refused record of `node`; `row` says that `raw` is a row as JSON."""
        ...

    def count(self, node: str) -> int:
        """Return how many records of `node` were refused so far."""
        ...


@dataclass(frozen=True)
class Stored:
    """Where the result of a segment lies: Parquet files and the exact types of the columns."""

    files: tuple[str, ...]
    types: Mapping[str, str]


@dataclass
class Outcome:
    """What running a segment gave: rows of its output, and rows per `(node, port)` that was counted."""

    rows: int | None = None
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    written: Any = None


@dataclass
class NodeLetters:
    """The dead letters of one source node, in the shape that sources use."""

    box: LetterBox
    node: str

    def add(self, raw: bytes, reason: str, position: Mapping[str, Any]) -> None:
        """Refuse one record of the source."""
        self.box.refuse(self.node, raw, reason, position, row=False)


class SegmentRun:
    """One execution of a segment on a connection that was locked down by the caller."""

    def __init__(
        self,
        connection: Any,
        segment: Segment,
        sources: Mapping[str, Source],
        feeds: Mapping[str, Stored],
        letters: LetterBox,
        sample: int | None = None,
    ) -> None:
        self.connection = connection
        self.segment = segment
        self.sources = sources
        self.feeds = feeds
        self.letters = letters
        self.sample = sample
        self.opened: dict[str, Opened] = {}
        self.probes: dict[str, Probe] = {}

    def prepare(self, tap: bool = True) -> None:
        """Make every view that the segment's query reads; its readable form needs no tap."""
        for feed in self.segment.feeds:
            stored = self.feeds[feed.segment]
            self._view(feed.view, reading_query(stored.files, stored.types))
        for scan in self.segment.scans:
            probe = Probe.from_json(scan.probe)
            source = self.sources[scan.node]
            source.lenient = frozenset(scan.lenient)
            opened = _kept_sample(probe)
            if opened is None:
                opened = source.open(self.connection, probe, scan.columns, NodeLetters(self.letters, scan.node))
            self.opened[scan.node] = opened
            self.probes[scan.node] = probe
            names = ", ".join(quoted(name) for name in scan.columns) or "1"
            capped = f" LIMIT {self.sample}" if self.sample else ""
            self._view(scan.view, f"SELECT {names} FROM {opened.sql}{capped}")
        register_functions(self.connection, self.segment.sql())
        if tap and self.segment.taps:
            self._make_tap()

    def _view(self, name: str, query: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {query}")

    def _make_tap(self) -> None:
        """Register the tap, called per refused row; a vectorised function would import pandas at its first call (1 s)."""

        def refuse(node: str, row: str | None, reason: str | None) -> bool:
            self.letters.refuse(node, (row or "").encode(), reason or "", {}, row=True)
            return False

        with contextlib.suppress(duckdb.InvalidInputException):
            self.connection.remove_function(TAP)
        self.connection.create_function(
            TAP, refuse, ["VARCHAR", "VARCHAR", "VARCHAR"], "BOOLEAN",
            type="native", null_handling="special", side_effects=True,
        )  # fmt: skip

    def run(self, write: Callable[[Any, str], Outcome]) -> Outcome:
        """Run the query through `write` (which executes exactly one statement with it) and gather the counts."""
        recorder = _Recorder(self.connection, {fence.label for fence in self.segment.fences})
        outcome = write(recorder, self.segment.sql(physical=True))
        self._gather(outcome, recorder.counts)
        for scan in self.segment.scans:
            source = self.sources[scan.node]
            if _kept_sample(self.probes[scan.node]) is not None:
                continue
            source.finish(self.connection, self.probes[scan.node], NodeLetters(self.letters, scan.node))
        return outcome

    def _gather(self, outcome: Outcome, counts: Mapping[int, int]) -> None:
        for fence in self.segment.fences:
            rows = counts.get(fence.label)
            outcome.counts[(fence.node, fence.port)] = (
                rows if rows is not None else self._counted(fence.node, fence.port)
            )
        for scan in self.segment.scans:
            rows = self.opened[scan.node].rows
            if rows is not None and self.sample:
                rows = min(rows, self.sample)
            if rows is not None:
                port = next(cte.port for cte in self.segment.ctes if cte.node == scan.node)
                outcome.counts[(scan.node, port)] = rows
        if outcome.rows is not None:
            outcome.counts.setdefault((self.segment.node, self.segment.port), outcome.rows)

    def _counted(self, node: str, port: str) -> int:
        """Count a port by a query of its own, where the optimiser removed its fence (an empty branch, say)."""
        steps = []
        for cte in self.segment.ctes:
            steps.append(f"{quoted(cte.name)} AS ({cte.sql})")
            if (cte.node, cte.port) == (node, port):
                break
        name = quoted(next(cte.name for cte in self.segment.ctes if (cte.node, cte.port) == (node, port)))
        row = self.connection.execute(f"WITH {', '.join(steps)} SELECT count(*) FROM {name}").fetchone()
        return int(row[0])


def _kept_sample(probe: Probe) -> Opened | None:
    """Return the sample that stands for a source without end wherever it is looked at."""
    path = probe.options.get("sample")
    if path is None:
        return None
    return Opened(f"read_parquet('{str(path).replace(chr(39), chr(39) * 2)}')", int(probe.options["sample_rows"]))


class _Recorder:
    """A connection that remembers the fence counts of the statement that carries fences."""

    def __init__(self, connection: Any, labels: set[int]) -> None:
        self._connection = connection
        self._labels = labels
        self.counts: dict[int, int] = {}

    def execute(self, query: str, parameters: Any = None) -> Any:
        result = self._connection.execute(query, parameters) if parameters else self._connection.execute(query)
        self.note()
        return result

    def note(self) -> None:
        """Read the profile of the last statement; called again by whoever reads a result in pieces."""
        if not self._labels:
            return
        counts = fence_counts(self._connection.get_profiling_information(format="json"))
        if self._labels & set(counts):
            self.counts = counts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def write_parquet(path: str, types: Mapping[str, str]) -> Callable[[Any, str], Outcome]:
    """Return a writer that keeps the segment's result in one Parquet file."""

    def write(connection: Any, query: str) -> Outcome:
        text = storing_query(query, types)
        target = path.replace("'", "''")
        options = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"
        row = connection.execute(f"COPY ({text}) TO '{target}' ({options})").fetchone()
        return Outcome(rows=int(row[0]))

    return write


def reasons_in_words(connection: Any, expressions: Sequence[str], types: Mapping[str, str], row: str) -> str | None:
    """Evaluate the expressions of a refused row once more, unguarded, and return the engine's own words."""
    register_functions(connection, " ".join(expressions))
    structure = json.dumps(dict(types))
    source = f"SELECT UNNEST(from_json(?, '{structure.replace(chr(39), chr(39) * 2)}'))"
    for expression in expressions:
        try:
            connection.execute(f"SELECT {expression} FROM ({source})", [row]).fetchall()
        except duckdb.Error as error:
            return str(error).split("\n")[0].rpartition("XmlError: ")[2]
    return None
