"""Notice that nothing comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from runnel.nodes.streams.ordering import (
    FOREVER,
    OLD,
    PLACE,
    ROWS,
    SEQ,
    US,
    WM,
    WM_BEFORE,
    Ordered,
    name_findings,
    time_field,
    time_findings,
    visible,
)
from runnel.nodes.streams.timing import is_zoned, micros, moment
from runnel.sdk import Column, Columns, Example, Finding, Ledger, NodeConfig, Relation, field
from runnel.sdk.stateful import Keyed, StatefulNode, identifier, listed, relation

NEXT = "__next"
NAMES = ("last_time", "missing_at", "missed")


class Heartbeat(StatefulNode):
    """Gives a row when a key has been silent for `interval_seconds` (a dead man's switch), and for each further interval.

    At most `times` rows are given for one silence; after that the key is forgotten until it is heard again. `last_time` is
    when it was last heard, `missing_at` when it should have been, and `missed` counts the intervals. A row leaves when the
    watermark has passed `missing_at`: other keys or partitions must go on for that, since a source that gives nothing at all
    has a time that stands still. A key that was never heard is not missed.
    """

    kind = "stream.heartbeat"
    title = "Heartbeat"
    summary = "Give a row when nothing came from a key for a time"
    icon = "bell"
    synonyms = ("dead man's switch", "missing", "silence", "offline", "timeout", "watchdog", "no data", "keep alive")
    ledger = Ledger.ABSORBED
    sequenced = True
    outputs = ("output", "late")

    class Config(NodeConfig):
        """Settings of the watch."""

        interval_seconds: float = field(title="Interval", unit="seconds", gt=0, help="So long a key may be silent.")
        keys: Columns = field(default_factory=list, title="Keys", widget="columns", help="What is watched, e.g. a device.")
        times: int = field(1, title="Times", ge=1, le=1000, help="At most so many rows for one silence.")
        time: Column = time_field()

    examples = (
        Example(
            "A device that is silent for ten seconds",
            {"time": "at", "interval_seconds": 10, "keys": ["device"], "times": 2},
            {"input": [{"at": "2026-01-01 00:00:01", "device": "a"}, {"at": "2026-01-01 00:00:09", "device": "a"},
                       {"at": "2026-01-01 00:00:25", "device": "a"}]},
            {"output": [
                {"device": "a", "last_time": "2026-01-01T00:00:09", "missing_at": "2026-01-01T00:00:19", "missed": 1},
                {"device": "a", "last_time": "2026-01-01T00:00:25", "missing_at": "2026-01-01T00:00:35", "missed": 1},
                {"device": "a", "last_time": "2026-01-01T00:00:25", "missing_at": "2026-01-01T00:00:45", "missed": 2},
            ]},
            {"input": {"at": "TIMESTAMP", "device": "VARCHAR"}},
        ),
    )  # fmt: skip

    def clocked(self, input: str) -> str:
        """Rows are in time by the column that the config names."""
        return self.bound["time"]

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say what and how long."""
        return f"{', '.join(config.keys) or 'nothing'} silent for {config.interval_seconds:g} s"

    def check(self, inputs: Mapping[str, Relation]) -> Iterator[Finding]:
        """Report a time that is none, and keys with the names of the result's columns."""
        yield from time_findings(self, inputs["input"])
        yield from name_findings([(name, "keys") for name in self.bound.get("keys", [])], NAMES)

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Find the silences between rows, and after the last."""
        made = self._made(input)
        found = relation(made.missed(f"({made.spaced(None)})", None), made.names)
        return {"output": replace(found, hidden=("_event_time",)), "late": made.rows.late()}

    def behave(self, input: Relation) -> Keyed:
        """Keep when each key was last heard."""
        made = self._made(input)
        types = made.rows.kept_types({})
        since = f"({WM} - {US} + {made.interval - 1}) // {made.interval}"
        due = f"{US} + coalesce(greatest(1, {since}), 1) * {made.interval} + 1"
        absorb = f"""SELECT {listed(list(types))}, make_timestamptz({due}) AS __due FROM {identifier(ROWS)} AS h
            WHERE {NEXT} IS NULL AND ({WM} IS NULL OR {US} + {made.times * made.interval} >= {WM})"""
        return Keyed(
            keys=tuple(made.rows.keys), touched={"input": made.rows.touched()},
            steps={ROWS: relation(made.spaced([]), [*types, OLD, SEQ, NEXT])},
            absorb=relation(absorb, [*types, "__due"]),
            emit={"output": relation(made.missed(identifier(ROWS), WM), [*made.names, "_event_time"]),
                  "late": visible(made.rows.late())},
            types={**types, "__due": "TIMESTAMP WITH TIME ZONE"}, due="__due",
        )  # fmt: skip

    def _made(self, input: Relation) -> _Made:
        rows = replace(Ordered.of(self, input, self.bound["keys"]), needed=frozenset(PLACE))
        return _Made(rows, micros(self.config.interval_seconds), self.config.times, is_zoned(input, rows.time))


@dataclass(frozen=True)
class _Made:
    """The pieces of the queries; times are whole microseconds."""

    rows: Ordered
    interval: int
    times: int
    zoned: bool

    @property
    def names(self) -> list[str]:
        """The columns of the result."""
        return [*self.rows.named, *NAMES]

    def spaced(self, kept: list[str] | None) -> str:
        """Return the query of the rows with the time of the next one of their key."""
        columns = listed(list(self.rows.kept_types({})))
        over = f"OVER (PARTITION BY {listed(self.rows.keys)} ORDER BY {SEQ})"
        return f"SELECT {columns}, {OLD}, {SEQ}, lead({US}) {over} AS {NEXT} FROM ({self.rows.with_earlier(kept)}) AS w"

    def missed(self, table: str, watermark: str | None) -> str:
        """Return the query of the intervals in which nothing came, those that are decided now."""
        at = f"({US} + __missed * {self.interval})"
        end = watermark or str(FOREVER)
        conditions = [f"{at} < least(coalesce({NEXT}, {end}), {end})"]
        if watermark is not None:
            conditions.append(f"({WM_BEFORE} IS NULL OR {at} >= {WM_BEFORE})")
        columns = "".join(f"{identifier(key)}, " for key in self.rows.named)
        shown = f"{moment(US, self.zoned)} AS last_time, {moment(at, self.zoned)} AS missing_at, __missed AS missed"
        spread = f"SELECT {columns}{US}, {NEXT}, unnest(generate_series(1, {self.times})) AS __missed FROM {table} AS h"
        given = f"{columns}{shown}, make_timestamptz({at}) AS _event_time"
        return f"SELECT {given} FROM ({spread}) AS s WHERE {' AND '.join(conditions)}"
