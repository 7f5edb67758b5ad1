"""Group rows by sessions: spans of activity with gaps between."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sqlglot import exp

from runnel.nodes.streams.early import TELLING, emit_field, every_field, op_findings
from runnel.nodes.streams.early import TOLD as WHEN_TOLD
from runnel.nodes.streams.ordering import FOREVER, US, WM, Ordered, name_findings, time_field, time_findings, visible
from runnel.nodes.streams.partials import Partials, in_parts
from runnel.nodes.streams.timing import is_zoned, micros, moment, sequenced_aggregates
from runnel.sdk import AggregateExpressions, Column, Columns, Example, Finding, GuardedConfig, Ledger, Relation, field
from runnel.sdk.stateful import MOMENT, UNTIL, Keyed, StatefulNode, identifier, listed, relation
from runnel.sdk.streaming import OP

START, END = "window_start", "window_end"
FIRST, LAST = "__first", "__last"
MERGED = "step:sessions"
TOLD = "__told"


def _span(start: str, end: str) -> dict[str, str]:
    return {START: f"2026-01-01T00:00:{start}", END: f"2026-01-01T00:00:{end}"}


class Session(StatefulNode):
    """Groups rows by sessions, and by columns if any: rows less than `gap_seconds` apart belong together.

    A session begins with its first row and ends `gap_seconds` after its last; it leaves once, when the watermark has
    reached its end. A row that comes out of order may make two sessions one. A row is late, and leaves through `late`,
    when it is older than the watermark of its own partition was as it came, or has no time: a session that has left ended
    at or before that watermark, so that a row in time never belongs to it, however the rows were cut. To wait longer for
    stragglers, let the source do so (`watermark_delay_seconds`).

    With `emit: early` the rows of a stream's sessions leave before that too, as changes by the group and `window_start`: `_op`
    is insert for the first row of a session, update for the next ones, the last of which is that of the session that is over,
    and delete (with the key alone) where a session began earlier than was told, or became part of one before it. Rows that
    end have no early results: each session leaves once, without `_op`.
    """

    kind = "stream.session"
    title = "Session"
    summary = "Counts, sums and other values per span of activity"
    icon = "activity"
    synonyms = ("visit", "session window", "inactivity", "gap", "activity", "user session", "idle")
    ledger = Ledger.ABSORBED
    outputs = ("output", "late")

    class Config(GuardedConfig):
        """Settings of the sessions."""

        gap_seconds: float = field(title="Gap", unit="seconds", gt=0, help="So long without a row ends a session.")
        group_by: Columns = field(default_factory=list, title="Group by", widget="columns",
                                  help="Sessions of each combination of these, e.g. of a user.")  # fmt: skip
        values: AggregateExpressions = field(title="Values", widget="aggregates", min_length=1,
                                             help="Name and expression, e.g. `count(*)`.")  # fmt: skip
        emit: Literal["close", "early"] = emit_field("session")
        every_seconds: float = every_field()
        time: Column = time_field()

    examples = (
        Example(
            "Visits of a user",
            {"time": "at", "gap_seconds": 10, "group_by": ["user"], "values": {"pages": "count(*)", "entry": "first(page)"}},
            {"input": [
                {"at": "2026-01-01 00:00:08", "user": "a", "page": "cart"},
                {"at": "2026-01-01 00:00:01", "user": "a", "page": "home"},
                {"at": "2026-01-01 00:00:30", "user": "a", "page": "help"},
                {"at": "2026-01-01 00:00:05", "user": "b", "page": "home"},
            ]},
            {"output": [
                {"user": "a", **_span("01", "18"), "pages": 2, "entry": "home"},
                {"user": "a", **_span("30", "40"), "pages": 1, "entry": "help"},
                {"user": "b", **_span("05", "15"), "pages": 1, "entry": "home"},
            ]},
            {"input": {"at": "TIMESTAMP", "user": "VARCHAR", "page": "VARCHAR"}},
        ),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say what, by what gap and by what columns."""
        by = f" by {', '.join(config.group_by)}" if config.group_by else ""
        early = ", early too" if config.emit == "early" else ""
        return f"{', '.join(config.values)} per session{by}, gap {config.gap_seconds:g} s{early}"

    @classmethod
    def revises(cls, config: Config) -> bool:
        """Early results are changes."""
        return config.emit == "early"

    def check(self, inputs: Mapping[str, Relation]) -> Iterator[Finding]:
        """Report a time that is none, and names used twice."""
        yield from time_findings(self, inputs["input"])
        names = [(name, f"values.{name}") for name in self.config.values]
        group = self.bound.get("group_by", [])
        yield from op_findings(self, group)
        yield from name_findings(names, [START, END, *group, *([OP] if self.config.emit == "early" else [])])

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Put rows together that are close, and group them."""
        made = self._made(input)
        found = relation(made.output(f"({made.merged(stateful=False)})", False), made.names, **made.trees)
        return {"output": replace(found, hidden=("_event_time",)), "late": made.rows.late()}

    def behave(self, input: Relation) -> Keyed:
        """Keep the open sessions of each key: parts of their values, or their rows where a value needs them all."""
        made = self._made(input)
        kept = [*made.rows.keys, FIRST, LAST, *made.kept, *made.times]
        table = identifier(MERGED)
        open = f"""SELECT {made.remembered}, make_timestamptz({made.end}) AS __due FROM {table}
            WHERE {made.is_open}"""
        types = f"SELECT {made.described}, make_timestamptz({FIRST}) AS __due FROM ({made.pieces(stateful=False)}) AS p"
        merged = relation(made.merged(stateful=True), [*kept, "__bounds_first", "__bounds_last"], **made.trees)
        return Keyed(
            keys=tuple(made.rows.keys), touched={"input": made.rows.touched()},
            steps={MERGED: merged}, absorb=relation(open, [*kept, "__due"]),
            emit={"output": relation(made.output(table, True), [*made.names, "_event_time"], **made.trees),
                  "late": visible(made.rows.late())},
            types=relation(types, [*kept, "__due"], **made.trees), due="__due",
            every=micros(self.config.every_seconds) if made.early else None,
        )  # fmt: skip

    def _made(self, input: Relation) -> _Made:
        time = self.bound["time"]
        rows = Ordered.of(self, input, self.bound["group_by"])
        values = sequenced_aggregates(self.trees("values"), time)
        named = {part.name for tree in values.values() for part in tree.find_all(exp.Column)}
        used = [name for name in (*input.columns, *input.hidden) if name in named and name not in rows.keys]
        hidden = {name: identifier(name) for name in used if name not in rows.carried}
        return _Made(
            rows=replace(rows, extras=hidden, needed=frozenset(used)), used=used, gap=micros(self.config.gap_seconds),
            values=values,
            zoned=is_zoned(input, time), partials=in_parts(values, frozenset(rows.keys), input.types),
            early=self.endless and self.config.emit == "early",
        )  # fmt: skip


@dataclass(frozen=True)
class _Made:
    """The pieces of the queries of one session node; times are whole microseconds.

    A piece is a part of a session: its first and last time, and parts of the values or the columns that the values need.
    """

    rows: Ordered
    used: list[str]
    gap: int
    values: Mapping[str, exp.Expr]
    zoned: bool
    partials: Partials | None
    early: bool

    @property
    def kept(self) -> list[str]:
        """What is kept of a piece besides its key and bounds."""
        return list(self.partials.parts) if self.partials else self.used

    @property
    def names(self) -> list[str]:
        """The columns of the result."""
        return [*self.rows.named, START, END, *self.values, *([OP] if self.early else [])]

    @property
    def times(self) -> list[str]:
        """What is kept besides for early results: when something came last, and under which beginnings it was told."""
        return [UNTIL, TOLD] if self.early else []

    @property
    def told_type(self) -> str:
        """A session in parts is one row and has a list; of a row that is kept, one beginning is known at most."""
        return "BIGINT[]" if self.partials is not None else "BIGINT"

    @property
    def is_open(self) -> str:
        """Whether the session of a piece is not over."""
        return f"{WM} IS NULL OR {self.end} > {WM}"

    @property
    def end(self) -> str:
        """When the session of a piece ends."""
        return f"(__bounds_last + {self.gap})"

    @property
    def trees(self) -> dict[str, exp.Expr]:
        """The expressions that templates stand for."""
        made = {f"v{index}": tree for index, tree in enumerate(self.values.values())}
        if self.partials is not None:
            made.update({f"f{index}": tree for index, tree in enumerate(self.partials.finals.values())})
            made.update({name: part.partial for name, part in self.partials.parts.items()})
        return made

    def pieces(self, stateful: bool) -> str:
        """Return the query of the kept pieces and of those that the rows are."""
        keys = listed(self.rows.keys)
        columns = ", ".join([keys, FIRST, LAST, *map(identifier, [*self.kept, *(self.times if stateful else [])])])
        more = ""
        if self.early and stateful:
            none = "[]" if self.partials is not None else "NULL"
            more = f", (SELECT now FROM clock) AS {UNTIL}, CAST({none} AS {self.told_type}) AS {TOLD}"
        if self.partials is None:
            used = "".join(f", {identifier(name)}" for name in self.used)
            new = f"SELECT {keys}, {US} AS {FIRST}, {US} AS {LAST}{used}{more} FROM ({self.rows.text}) AS r"
        else:
            parts = "".join(f", :{name} AS {identifier(name)}" for name in self.kept)
            group = f"GROUP BY {keys}, {US}"
            new = f"SELECT {keys}, {US} AS {FIRST}, {US} AS {LAST}{parts}{more} FROM ({self.rows.text}) AS r {group}"
        return f"SELECT {columns} FROM state UNION ALL {new}" if stateful else new

    @property
    def described(self) -> str:
        """The columns of the state over the pieces of rows, by which their types are known."""
        names = listed([*self.rows.keys, FIRST, LAST, *self.kept])
        if not self.early:
            return names
        return f"{names}, CAST(NULL AS {MOMENT}) AS {UNTIL}, CAST(NULL AS {self.told_type}) AS {TOLD}"

    @property
    def remembered(self) -> str:
        """The columns of the state over what is open: when it is told, that is under its beginning of now."""
        names = listed([*self.rows.keys, FIRST, LAST, *self.kept])
        if not self.early:
            return names
        begin = "[__bounds_first]" if self.partials is not None else "__bounds_first"
        return f"{names}, {UNTIL}, CASE WHEN {TELLING} THEN {begin} ELSE {TOLD} END AS {TOLD}"

    def merged(self, stateful: bool) -> str:
        """Return the query of the sessions (parts), or of the pieces with their session's bounds (rows)."""
        times = self.times if stateful else []
        keys, kept = listed(self.rows.keys), "".join(f", {identifier(name)}" for name in [*self.kept, *times])
        far = f"max({LAST}) OVER (PARTITION BY {keys} ORDER BY {FIRST}, {LAST} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
        begun = f"SELECT {keys}, {FIRST}, {LAST}{kept}, {far} AS __far FROM ({self.pieces(stateful)}) AS p"
        number = f"""sum(CASE WHEN __far IS NULL OR {FIRST} - __far >= {self.gap} THEN 1 ELSE 0 END)
            OVER (PARTITION BY {keys} ORDER BY {FIRST}, {LAST} ROWS UNBOUNDED PRECEDING) AS __number"""
        numbered = f"SELECT {keys}, {FIRST}, {LAST}{kept}, {number} FROM ({begun}) AS b"
        if self.partials is None:
            over = f"OVER (PARTITION BY {keys}, __number)"
            return f"""SELECT {keys}, {FIRST}, {LAST}{kept}, min({FIRST}) {over} AS __bounds_first,
                max({LAST}) {over} AS __bounds_last FROM ({numbered}) AS n"""
        joined = "".join(f", {self.partials.joined(name)} AS {identifier(name)}" for name in self.kept)
        if times:
            joined += f", max({UNTIL}) AS {UNTIL}, flatten(list({TOLD})) AS {TOLD}"
        bounds = f"min({FIRST}) AS {FIRST}, max({LAST}) AS {LAST}"
        whole = f"SELECT {keys}, {bounds}{joined} FROM ({numbered}) AS n GROUP BY {keys}, __number"
        return f"SELECT {keys}, {FIRST}, {LAST}{kept}, {FIRST} AS __bounds_first, {LAST} AS __bounds_last FROM ({whole}) AS w"

    def output(self, table: str, stateful: bool) -> str:
        """Return the query of the sessions of a table that leave: of all, or of those that are over or told early."""
        letter = "v" if self.partials is None else "f"
        values = ", ".join(f":{letter}{index} AS {identifier(name)}" for index, name in enumerate(self.values))
        if self.early and stateful:
            return self._changes(table, values)
        op = f", 'insert' AS {OP}" if self.early else ""
        made = f"""SELECT {self._place("__bounds_first")}, {values}{op}, {self._event_time}
            FROM {table} AS s WHERE {self.end} <= {WM if stateful else FOREVER}"""
        return made if self.partials is not None else f"{made} {self._grouped}"

    def _changes(self, table: str, values: str) -> str:
        """Return the query of what became of sessions: first the beginnings that count no more, then the sessions themselves."""
        known = f"{self._keys}__bounds_first, __bounds_last"
        fresh = f"({WHEN_TOLD} IS NULL OR {UNTIL} > {WHEN_TOLD})"
        leaves = f"CASE WHEN {TELLING} THEN ({self.is_open}) AND {fresh} ELSE {self.end} <= {WM} END"
        if self.partials is None:
            when = f"max({UNTIL}) AS {UNTIL}, list(DISTINCT {TOLD}) FILTER ({TOLD} IS NOT NULL) AS {TOLD}"
            rows = f"SELECT {known}, {values}, {when} FROM {table} AS g {self._grouped}"
            table, values = f"({rows})", ", ".join(map(identifier, self.values))
        gone = f"SELECT {known}, unnest({TOLD}) AS __then FROM {table} AS s WHERE {leaves}"
        nothing = ", ".join(f"NULL AS {identifier(name)}" for name in (END, *self.values))
        op = f"CASE WHEN list_contains({TOLD}, __bounds_first) THEN 'update' ELSE 'insert' END AS {OP}"
        time = self._event_time
        return f"""SELECT {self._keys}{moment("__then", self.zoned)} AS {START}, {nothing}, 'delete' AS {OP}, {time}
            FROM ({gone}) AS t WHERE __then <> __bounds_first
            UNION ALL SELECT {self._place("__bounds_first")}, {values}, {op}, {time} FROM {table} AS s WHERE {leaves}"""

    @property
    def _keys(self) -> str:
        return "".join(f"{identifier(name)}, " for name in self.rows.named)

    @property
    def _grouped(self) -> str:
        return f"GROUP BY {self._keys}__bounds_first, __bounds_last"

    @property
    def _event_time(self) -> str:
        return f"make_timestamptz({self.end}) AS _event_time"

    def _place(self, begin: str) -> str:
        """Return the group and the bounds of a session."""
        return f"{self._keys}{moment(begin, self.zoned)} AS {START}, {moment(self.end, self.zoned)} AS {END}"
