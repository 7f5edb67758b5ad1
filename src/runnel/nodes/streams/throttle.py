"""Let so many rows of a key through in each interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runnel.nodes.streams.ordering import ORDER, ROWS, US, WM, Ordered, carrying, time_field, time_findings, visible
from runnel.nodes.streams.timing import micros
from runnel.sdk import Column, Columns, Example, Finding, Ledger, NodeConfig, Relation, field
from runnel.sdk.stateful import Keyed, StatefulNode, identifier, listed, relation

BEGIN, PASSES, COUNT = "__begin", "__passes", "__count"


class Throttle(StatefulNode):
    """Lets the first `rows` rows of a key through in each interval of event time; the rest leave through `rest`.

    Intervals begin at full multiples of `interval_seconds`. Rows wait until the watermark has passed them.
    """

    kind = "stream.throttle"
    title = "Throttle"
    summary = "Let at most so many rows per key and interval through"
    icon = "gauge"
    synonyms = ("rate limit", "limit per second", "at most", "alert fatigue", "quota", "thin out")
    ledger = Ledger.SUBSET
    sequenced = True
    outputs = ("output", "rest", "late")

    class Config(NodeConfig):
        """Settings of the limit."""

        rows: int = field(1, title="Rows", unit="rows", ge=1, help="So many rows go through per key and interval.")
        interval_seconds: float = field(title="Interval", unit="seconds", gt=0, help="How long an interval is.")
        keys: Columns = field(default_factory=list, title="Keys", widget="columns", help="Each combination has its own limit.")
        time: Column = time_field()

    examples = (
        Example(
            "One alert a minute",
            {"time": "at", "interval_seconds": 60, "keys": ["sensor"]},
            {"input": [{"at": "2026-01-01 00:00:05", "sensor": "a"}, {"at": "2026-01-01 00:00:01", "sensor": "a"},
                       {"at": "2026-01-01 00:01:01", "sensor": "a"}, {"at": "2026-01-01 00:00:09", "sensor": "b"}]},
            {"output": [{"at": "2026-01-01T00:00:01", "sensor": "a"}, {"at": "2026-01-01T00:01:01", "sensor": "a"},
                        {"at": "2026-01-01T00:00:09", "sensor": "b"}],
             "rest": [{"at": "2026-01-01T00:00:05", "sensor": "a"}]},
            {"input": {"at": "TIMESTAMP", "sensor": "VARCHAR"}},
        ),
    )  # fmt: skip

    def clocked(self, input: str) -> str:
        """Rows are in time by the column that the config names."""
        return self.bound["time"]

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say how many."""
        by = f" per {', '.join(config.keys)}" if config.keys else ""
        return f"{config.rows} every {config.interval_seconds:g} s{by}"

    def check(self, inputs: Mapping[str, Relation]) -> Iterator[Finding]:
        """Report a time that is none."""
        yield from time_findings(self, inputs["input"])

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Number the rows of each key and interval."""
        made = self._made(input)
        return made.ports(f"({made.numbered(stateful=False)})")

    def behave(self, input: Relation) -> Keyed:
        """Keep how many rows of each open interval went through."""
        made = self._made(input)
        rows, table = made.rows, identifier(ROWS)
        keys, end = listed(rows.keys), f"{BEGIN} + {made.interval}"
        kept = [*rows.keys, BEGIN, COUNT]
        new = f"SELECT {keys}, {BEGIN}, 1 AS {COUNT} FROM {table} AS n WHERE {PASSES}"
        every = f"SELECT {listed(kept)} FROM state UNION ALL {new}"
        absorb = f"""SELECT {keys}, {BEGIN}, sum({COUNT}) AS {COUNT}, make_timestamptz({end}) AS __due FROM ({every}) AS e
            WHERE {WM} IS NULL OR {end} > {WM} GROUP BY {keys}, {BEGIN}"""
        return Keyed(
            keys=tuple(rows.keys), touched={"input": rows.touched()},
            steps={ROWS: relation(made.numbered(stateful=True), [*rows.columns, BEGIN, PASSES])},
            absorb=relation(absorb, [*kept, "__due"]),
            emit={port: visible(found) for port, found in made.ports(table).items()},
            types={**rows.key_types, BEGIN: "BIGINT", COUNT: "BIGINT", "__due": "TIMESTAMP WITH TIME ZONE"}, due="__due",
        )  # fmt: skip

    def _made(self, input: Relation) -> _Made:
        return _Made(Ordered.of(self, input, self.bound["keys"]), micros(self.config.interval_seconds), self.config.rows)


@dataclass(frozen=True)
class _Made:
    """The pieces of the queries; times are whole microseconds."""

    rows: Ordered
    interval: int
    most: int

    def numbered(self, stateful: bool) -> str:
        """Return the query of the rows with their interval and whether they go through."""
        keys, columns = listed(self.rows.keys), listed(self.rows.columns)
        begin = f"({US} - ({US} % {self.interval} + {self.interval}) % {self.interval}) AS {BEGIN}"
        placed = f"SELECT {columns}, {begin} FROM ({self.rows.text}) AS r"
        number = f"row_number() OVER (PARTITION BY {keys}, {BEGIN} ORDER BY {ORDER}) AS __number"
        numbered = f"SELECT {columns}, {BEGIN}, {number} FROM ({placed}) AS p"
        if not stateful:
            return f"SELECT {columns}, {BEGIN}, __number <= {self.most} AS {PASSES} FROM ({numbered}) AS n"
        same = " AND ".join(f"n.{identifier(key)} IS NOT DISTINCT FROM s.{identifier(key)}" for key in self.rows.keys)
        passes = f"n.__number + coalesce(s.{COUNT}, 0) <= {self.most} AS {PASSES}"
        return f"""SELECT {listed(self.rows.columns, 'n')}, n.{BEGIN}, {passes}
            FROM ({numbered}) AS n LEFT JOIN state AS s ON {same} AND n.{BEGIN} = s.{BEGIN}"""

    def ports(self, table: str) -> dict[str, Relation]:
        """Return the rows of each port."""
        given, input = listed(self.rows.carried), self.rows.input
        made = {name: f"SELECT {given} FROM {table} AS t WHERE {where}" for name, where in
                (("output", PASSES), ("rest", f"NOT {PASSES}"))}  # fmt: skip
        return {**{name: carrying(text, input.columns, input) for name, text in made.items()}, "late": self.rows.late()}
