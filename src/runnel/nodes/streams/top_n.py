"""Keep the largest or smallest rows of each window of time."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from runnel.nodes.rows.sort import SortTerm, sort_key
from runnel.nodes.streams.ordering import ORDER, PLACE, US, Ordered, name_findings, time_field, time_findings, visible
from runnel.nodes.streams.timing import is_zoned, micros, moment
from runnel.sdk import Column, Columns, Example, Finding, Ledger, NodeConfig, Relation, Where, column, field, sort_term
from runnel.sdk.names import nearest_column, resolve_column
from runnel.sdk.stateful import BUCKET, Buckets, StatefulNode, identifier, listed, relation

NAMES = ("window_start", "window_end", "rank")


class TopN(StatefulNode):
    """Keeps the first `rows` rows in an order of each window of time, per group if you like, with their `rank`.

    Windows are `size_seconds` long, one after the other; their rows leave once, when the watermark has reached the end.
    Equal rows rank by event time, then by partition and position. A row whose window was over when it came leaves through
    `late`, and so does one without a time.
    """

    kind = "stream.top_n"
    title = "Top rows per window"
    summary = "Keep the first rows in an order per window of time"
    icon = "trophy"
    synonyms = ("ranking", "leaderboard", "largest", "trending", "top k", "best sellers")
    ledger = Ledger.ABSORBED
    outputs = ("output", "late")

    class Config(NodeConfig):
        """Settings of the ranking."""

        size_seconds: float = field(title="Length", unit="seconds", gt=0, help="How long a window is.")
        rows: int = field(10, title="Rows", unit="rows", ge=1, help="How many rows to keep per window and group.")
        order_by: list[str | SortTerm] = field(title="By", widget="sort", min_length=1, help="`-revenue` keeps the largest.")
        group_by: Columns = field(default_factory=list, title="Per group", widget="columns", help="Rank each group on its own.")
        time: Column = time_field()

    examples = (
        Example(
            "Largest order per minute",
            {"time": "at", "size_seconds": 60, "rows": 1, "order_by": ["-v"]},
            {"input": [{"at": "2026-01-01 00:00:05", "v": 3}, {"at": "2026-01-01 00:00:06", "v": 8},
                       {"at": "2026-01-01 00:01:01", "v": 1}]},
            {"output": [
                {"window_start": "2026-01-01T00:00:00", "window_end": "2026-01-01T00:01:00", "rank": 1,
                 "at": "2026-01-01T00:00:06", "v": 8},
                {"window_start": "2026-01-01T00:01:00", "window_end": "2026-01-01T00:02:00", "rank": 1,
                 "at": "2026-01-01T00:01:01", "v": 1},
            ]},
            {"input": {"at": "TIMESTAMP", "v": "INTEGER"}},
        ),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say how many by what."""
        by = ", ".join(("-" if key.order == "descending" else "") + key.column for key in map(sort_key, config.order_by))
        return f"{config.rows} by {by} per {config.size_seconds:g} s"

    def check(self, inputs: Mapping[str, Relation]) -> Iterator[Finding]:
        """Report a time that is none, unknown columns, and names that are taken."""
        input = inputs["input"]
        yield from time_findings(self, input)
        yield from name_findings([(name, "size_seconds") for name in NAMES], input.columns)
        for index, key in enumerate(map(sort_key, self.config.order_by)):
            if resolve_column(input, key.column) is None:
                yield nearest_column(input, key.column, Where(field=f"order_by.{index}"))

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Rank the rows of each window and group."""
        made = self._made(input)
        found = relation(made.shown(made.kept(f"({made.placed})")), made.names)
        return {"output": replace(found, hidden=("_event_time",)), "late": made.rows.late()}

    def behave(self, input: Relation) -> Buckets:
        """Keep the first rows of each open window."""
        made = self._made(input)
        bucket = f"SELECT make_timestamptz(__end) AS {BUCKET}, {listed(made.state)} FROM ({made.kept(f'({made.placed})')}) AS k"
        fewer = f"SELECT {BUCKET}, {listed(made.state)} FROM ({made.kept('state', f'{BUCKET}, ')}) AS k"
        return Buckets(
            relation(bucket, [BUCKET, *made.state]), relation(fewer, [BUCKET, *made.state]),
            {"output": relation(made.shown(made.kept("state")), [*made.names, "_event_time"]), "late": visible(made.rows.late())},
        )  # fmt: skip

    def _made(self, input: Relation) -> _Made:
        size, time = micros(self.config.size_seconds), identifier(self.bound["time"])
        us = f"epoch_us({time})"
        end = f"({us} - (({us} % {size}) + {size}) % {size} + {size})"
        late = f"({us} IS NULL OR coalesce({end} <= epoch_us(_watermark), FALSE))"
        rows = Ordered.of(self, input, self.bound["group_by"], {"__end": end})
        rows = replace(rows, lateness=late, needed=frozenset((*input.columns, *PLACE)))
        terms = [
            sort_term(column(resolve_column(input, key.column) or key.column), key.order == "descending", key.nulls)
            for key in map(sort_key, self.config.order_by)
        ]
        order = ", ".join([*(term.sql("duckdb") for term in terms), ORDER])
        return _Made(rows, size, self.config.rows, order, is_zoned(input, self.bound["time"]))


@dataclass(frozen=True)
class _Made:
    """The pieces of the queries; times are whole microseconds."""

    rows: Ordered
    size: int
    most: int
    order: str
    zoned: bool

    @property
    def names(self) -> list[str]:
        """The columns of the result."""
        return [*NAMES, *self.rows.input.columns]

    @property
    def state(self) -> list[str]:
        """What is kept of a row."""
        return list(dict.fromkeys([*self.rows.input.columns, *self.rows.keys, US, "__end", *PLACE]))

    @property
    def placed(self) -> str:
        """The rows with the end of their window."""
        return self.rows.text

    def kept(self, table: str, more: str = "") -> str:
        """Return the query of the first rows of each window and group of a table."""
        number = f"row_number() OVER (PARTITION BY __end, {listed(self.rows.keys)} ORDER BY {self.order}) AS __rank"
        columns = f"{more}{listed(self.state)}"
        return f"SELECT {columns}, __rank FROM (SELECT {columns}, {number} FROM {table} AS t) AS r WHERE __rank <= {self.most}"

    def shown(self, table: str) -> str:
        """Return the query of the result, of ranked rows."""
        bounds = f"{moment(f'__end - {self.size}', self.zoned)} AS window_start, {moment('__end', self.zoned)} AS window_end"
        columns = listed(self.rows.input.columns)
        return f"SELECT {bounds}, __rank AS rank, {columns}, make_timestamptz(__end) AS _event_time FROM ({table}) AS k"
