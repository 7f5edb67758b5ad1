"""Let the first row of each key through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from runnel.nodes.streams.ordering import (
    OLD,
    ORDER,
    ROWS,
    US,
    WM,
    Ordered,
    carrying,
    time_field,
    time_findings,
    visible,
)
from runnel.nodes.streams.timing import micros
from runnel.sdk import Column, Columns, Example, Finding, Ledger, NodeConfig, Relation, field
from runnel.sdk.stateful import Keyed, StatefulNode, identifier, listed, relation

FIRST = "__is_first"
ARRIVAL = "_ingest_time, _partition, _position"


class Deduplicate(StatefulNode):
    """Lets the first row of each key through; rows of a key that came before leave through `duplicates`.

    With `within_seconds` a key is forgotten so long after the row that went through, and the next one goes through again;
    without, every key is kept for ever. Rows wait until the watermark has passed them, so that the first is the oldest in
    event time (then by partition and position). With `order: arrival` nothing waits: the first is the one that came first,
    which may be another one when the same records are read again from several partitions at once; times are then
    compared in both directions, and a row is late only when its key may have been forgotten already.
    """

    kind = "stream.deduplicate"
    title = "Remove duplicates of a stream"
    summary = "Let the first row of each key through, for ever or within a time"
    icon = "copy-minus"
    synonyms = ("dedupe", "unique", "exactly once", "first", "distinct", "repeated", "debounce")
    ledger = Ledger.SUBSET
    outputs = ("output", "duplicates", "late")

    class Config(NodeConfig):
        """Settings of the comparison."""

        keys: Columns = field(title="Keys", widget="columns", min_length=1, help="Rows with equal keys are duplicates.")
        within_seconds: float | None = field(None, title="Within", unit="seconds", gt=0,
                                             help="So long a key is remembered; else for ever.")  # fmt: skip
        order: Literal["time", "arrival"] = field("time", title="First is", widget="choice",
                                                  help="The oldest row (rows wait), or the one that comes first.")  # fmt: skip
        time: Column = time_field()

    examples = (
        Example(
            "Each order once a minute",
            {"time": "at", "keys": ["order"], "within_seconds": 60},
            {"input": [{"at": "2026-01-01 00:00:05", "order": 1, "n": 2}, {"at": "2026-01-01 00:00:01", "order": 1, "n": 1},
                       {"at": "2026-01-01 00:00:07", "order": 2, "n": 3}, {"at": "2026-01-01 00:01:01", "order": 1, "n": 4}]},
            {"output": [{"at": "2026-01-01T00:00:01", "order": 1, "n": 1}, {"at": "2026-01-01T00:00:07", "order": 2, "n": 3},
                        {"at": "2026-01-01T00:01:01", "order": 1, "n": 4}],
             "duplicates": [{"at": "2026-01-01T00:00:05", "order": 1, "n": 2}]},
            {"input": {"at": "TIMESTAMP", "order": "INTEGER", "n": "INTEGER"}},
        ),
    )  # fmt: skip

    def __init__(self, config: NodeConfig, bound: Mapping[str, Any] | None = None, id: str = "") -> None:
        super().__init__(config, bound, id)
        self.sequenced = self.config.order == "time"  # pyright: ignore[reportAttributeAccessIssue]

    def clocked(self, input: str) -> str:
        """Rows are in time by the column that the config names."""
        return self.bound["time"]

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the keys and the time."""
        within = f" within {config.within_seconds:g} s" if config.within_seconds else ""
        return f"one row per {', '.join(config.keys)}{within}"

    def check(self, inputs: Mapping[str, Relation]) -> Iterator[Finding]:
        """Report a time that is none."""
        yield from time_findings(self, inputs["input"])

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Tell the first rows from the others."""
        made = self._made(input)
        return made.ports(f"({made.ranked(stateful=False)})")

    def behave(self, input: Relation) -> Keyed:
        """Keep the keys, and when their row went through."""
        made = self._made(input)
        names = [*made.rows.columns, OLD, FIRST]
        kept, types = [*made.rows.keys, US], {**made.rows.key_types, US: "BIGINT"}
        table = identifier(ROWS)
        absorb = f"SELECT {listed(kept)} FROM {table} WHERE {OLD} OR {FIRST}"
        if made.is_plain:
            absorb = f"SELECT {listed(kept)} FROM state UNION ALL SELECT {listed(kept)} FROM {table} WHERE {FIRST}"
        due = None
        if made.within is not None:
            until = f"{US} + {made.remembered}"
            absorb = f"""SELECT {listed(kept)}, make_timestamptz({until}) AS __due FROM {table}
                WHERE ({OLD} OR {FIRST}) AND ({WM} IS NULL OR {until} > {WM})"""
            due, kept, types = "__due", [*kept, "__due"], {**types, "__due": "TIMESTAMP WITH TIME ZONE"}
        emit = {port: visible(found) for port, found in made.ports(table).items()}
        return Keyed(
            keys=tuple(made.rows.keys), touched={"input": made.rows.touched()},
            steps={ROWS: relation(made.ranked(stateful=True), names)},
            absorb=relation(absorb, kept), emit=emit, types=types, due=due,
        )  # fmt: skip

    def _made(self, input: Relation) -> _Made:
        within = None if self.config.within_seconds is None else micros(self.config.within_seconds)
        rows = Ordered.of(self, input, self.bound["keys"])
        if self.config.order == "arrival":
            us = f"epoch_us({identifier(rows.time)})"
            behind = f"coalesce({us} + {within} <= epoch_us(_watermark), FALSE)"
            rows = replace(rows, lateness="FALSE" if within is None else f"({us} IS NULL OR {behind})")
        return _Made(rows, within, self.config.order == "arrival")


@dataclass(frozen=True)
class _Made:
    """The pieces of the queries; times are whole microseconds."""

    rows: Ordered
    within: int | None
    by_arrival: bool

    @property
    def is_plain(self) -> bool:
        """Whether the rows of a stream come in the order by which they are compared, and keys are kept for ever."""
        return self.within is None and not self.by_arrival

    @property
    def remembered(self) -> int:
        """How long a key must be known: rows in any order may be older than the one that went through."""
        return (self.within or 0) * (2 if self.by_arrival else 1)

    @property
    def order(self) -> str:
        """Which row of a key is first."""
        return f"{OLD} DESC, {ARRIVAL if self.by_arrival else ORDER}"

    def ports(self, table: str) -> dict[str, Relation]:
        """Return the rows of each port."""
        given, columns = listed(self.rows.carried), self.rows.input.columns
        first = f"SELECT {given} FROM {table} AS f WHERE {FIRST}"
        rest = f"SELECT {given} FROM {table} AS f WHERE NOT {FIRST} AND NOT {OLD}"
        return {
            "output": carrying(first, columns, self.rows.input), "duplicates": carrying(rest, columns, self.rows.input),
            "late": self.rows.late(),
        }  # fmt: skip

    def ranked(self, stateful: bool) -> str:
        """Return the query of the rows, and of the kept ones, with whether each is the first."""
        columns, keys = listed(self.rows.columns), listed(self.rows.keys)
        if stateful and self.is_plain:
            same = " AND ".join(f"s.{identifier(key)} IS NOT DISTINCT FROM n.{identifier(key)}" for key in self.rows.keys)
            return f"""WITH numbered AS (SELECT {columns}, row_number() OVER () AS __place FROM ({self.rows.text}) AS n),
                firsts AS (SELECT min(__place) AS __place FROM numbered AS n
                    WHERE NOT EXISTS (SELECT 1 FROM state AS s WHERE {same}) GROUP BY {keys})
                SELECT {columns}, FALSE AS {OLD}, __place IN (SELECT __place FROM firsts) AS {FIRST} FROM numbered"""
        every = f"SELECT {columns}, FALSE AS {OLD} FROM ({self.rows.text}) AS n"
        if stateful:
            known = {*self.rows.keys, US}
            given = ", ".join(identifier(n) if n in known else f"NULL AS {identifier(n)}" for n in self.rows.columns)
            every = f"SELECT {given}, TRUE AS {OLD} FROM state UNION ALL {every}"
        if self.within is None:
            number = f"row_number() OVER (PARTITION BY {keys} ORDER BY {self.order})"
            numbered = f"SELECT {columns}, {OLD}, {number} AS __place FROM ({every}) AS a"
            return f"SELECT {columns}, {OLD}, NOT {OLD} AND __place = 1 AS {FIRST} FROM ({numbered}) AS r"
        far = f"x[1] - acc[-1] >= {self.within}"
        if self.by_arrival:
            far = f"len(list_filter(acc, lambda a: abs(a - x[1]) < {self.within})) = 0"
        taken = f"CASE WHEN {far} THEN list_concat(acc, x) ELSE acc END"
        reduced = f"list_reduce(list([{US}] ORDER BY {self.order}), lambda acc, x: {taken})"
        number = f"row_number() OVER (PARTITION BY {keys}, {US} ORDER BY {self.order})"
        same = " AND ".join(f"a.{identifier(key)} IS NOT DISTINCT FROM k.{identifier(key)}" for key in self.rows.keys)
        given = listed(self.rows.columns, "a")
        return f"""WITH every AS ({every}),
            throughs AS (SELECT {keys}, {reduced} AS times FROM every GROUP BY {keys}),
            numbered AS (SELECT {columns}, {OLD}, {number} AS __place FROM every)
            SELECT {given}, a.{OLD}, NOT a.{OLD} AND a.__place = 1 AND list_contains(k.times, a.{US}) AS {FIRST}
            FROM numbered AS a JOIN throughs AS k ON {same}"""
