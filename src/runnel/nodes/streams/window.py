"""Group rows by windows of time."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sqlglot import exp

from runnel.nodes.streams.early import TELLING, changed, emit_field, every_field, joined_times, op_findings, operation
from runnel.nodes.streams.partials import Partials, in_parts
from runnel.nodes.streams.timing import is_zoned, micros, moment, sequenced_aggregates
from runnel.sdk import (
    AggregateExpressions,
    Column,
    Columns,
    Example,
    Finding,
    GuardedConfig,
    Ledger,
    Relation,
    Where,
    field,
)
from runnel.sdk.stateful import BUCKET, SINCE, UNTIL, Buckets, StatefulNode, identifier, listed, relation
from runnel.sdk.streaming import METADATA, OP

START, END = "window_start", "window_end"
BOUNDS = ("first_end", "last_end")


def _window(start: str, end: str) -> dict[str, str]:
    return {START: f"2026-01-01T00:00:{start}", END: f"2026-01-01T00:00:{end}"}


class Window(StatefulNode):
    """Groups rows by windows of time, and by columns if any: `size_seconds` long, one after the other (tumbling).

    With `slide_seconds` a window begins every so often, and windows overlap (sliding) or leave gaps. A window of a stream
    closes when the watermark has reached its end; its rows then leave once. A row whose windows were all over when it
    came leaves through `late`, and so does one without a time.

    With `emit: early` the rows of a stream's windows leave before that too, as changes: `_op` is insert for the first row of a
    window and group, and update for the next ones, the last of which is that of the closed window. An open window that
    changed is told at the end of an epoch, and then for `every_seconds` not again. Targets that keep rows by key (the
    group and `window_start`) hold the newest. Rows that end have no early results: each window leaves once, without `_op`.
    """

    kind = "stream.window"
    title = "Window"
    summary = "Counts, sums and other values per window of time"
    icon = "timer"
    synonyms = ("tumbling", "sliding", "hopping", "time window", "aggregate", "group by time", "per minute", "rate")
    ledger = Ledger.ABSORBED
    outputs = ("output", "late")

    class Config(GuardedConfig):
        """Settings of the windows."""

        size_seconds: float = field(title="Length", unit="seconds", gt=0, help="How long a window is.")
        slide_seconds: float | None = field(None, title="Every", unit="seconds", gt=0,
                                            help="How often one begins; else where the one before ends.")  # fmt: skip
        group_by: Columns = field(default_factory=list, title="Group by", widget="columns",
                                  help="One row per window and combination of these.")  # fmt: skip
        values: AggregateExpressions = field(title="Values", widget="aggregates", min_length=1,
                                             help="Name and expression, e.g. `sum(price)`.")  # fmt: skip
        time: Column = field("_event_time", title="Time", widget="column",
                             help="The column that says when; else the event time of the source.")  # fmt: skip
        emit: Literal["close", "early"] = emit_field("window")
        every_seconds: float = every_field()
        offset_seconds: float = field(0.0, title="Shift", unit="seconds", advanced=True,
                                      help="Windows begin so long after full multiples of their step.")  # fmt: skip

    examples = (
        Example(
            "Per ten seconds and sensor",
            {"time": "at", "size_seconds": 10, "group_by": ["sensor"], "values": {"rows": "count(*)", "mean": "avg(v)"}},
            {"input": [
                {"at": "2026-01-01 00:00:01", "sensor": "a", "v": 1.0}, {"at": "2026-01-01 00:00:09", "sensor": "a", "v": 3.0},
                {"at": "2026-01-01 00:00:10", "sensor": "a", "v": 5.0}, {"at": "2026-01-01 00:00:02", "sensor": "b", "v": 7.0},
            ]},
            {"output": [
                {"sensor": "a", **_window("00", "10"), "rows": 2, "mean": 2.0},
                {"sensor": "a", **_window("10", "20"), "rows": 1, "mean": 5.0},
                {"sensor": "b", **_window("00", "10"), "rows": 1, "mean": 7.0},
            ]},
            {"input": {"at": "TIMESTAMP", "sensor": "VARCHAR", "v": "DOUBLE"}},
        ),
        Example(
            "The last ten seconds, every five",
            {"time": "at", "size_seconds": 10, "slide_seconds": 5, "values": {"total": "sum(v)", "middle": "median(v)"}},
            {"input": [{"at": "2026-01-01 00:00:01", "v": 1}, {"at": "2026-01-01 00:00:06", "v": 2}]},
            {"output": [
                {"window_start": "2025-12-31T23:59:55", "window_end": "2026-01-01T00:00:05", "total": 1, "middle": 1.0},
                {**_window("00", "10"), "total": 3, "middle": 1.5},
                {**_window("05", "15"), "total": 2, "middle": 2.0},
            ]},
            {"input": {"at": "TIMESTAMP", "v": "INTEGER"}},
        ),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say how long and by what."""
        every = f" every {config.slide_seconds:g} s" if config.slide_seconds else ""
        by = f" by {', '.join(config.group_by)}" if config.group_by else ""
        early = ", early too" if config.emit == "early" else ""
        return f"{', '.join(config.values)} per {config.size_seconds:g} s{every}{by}{early}"

    @classmethod
    def revises(cls, config: Config) -> bool:
        """Early results are changes."""
        return config.emit == "early"

    def check(self, inputs: Mapping[str, Relation]) -> Iterator[Finding]:
        """Report a time that is none, and names used twice."""
        time = self.bound.get("time", self.config.time)
        type = {**METADATA, **inputs["input"].types}.get(time, "TIMESTAMP")
        if not type.startswith(("TIMESTAMP", "DATE")):
            hint = "Turn it into a timestamp first (table.cast, table.parse_date)."
            yield Finding("RNL-CONFIG-002", "error", f"`{time}` is {type}, not a time", hint, Where(field="time"))
        group = [name.lower() for name in self.bound.get("group_by", [])]
        yield from op_findings(self, group)
        taken = {START, END, *group, *([OP] if self.config.emit == "early" else [])}
        for name in self.config.values:
            if name.lower() in taken:
                yield Finding("RNL-COLUMN-002", "error", f"`{name}` names two columns of the result",
                              "Give the value another name.", Where(field=f"values.{name}"))  # fmt: skip

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Give each row its windows and group."""
        made = self._made(input)
        op = f", 'insert' AS {OP}" if made.early else ""
        text = f"""SELECT {made.keys_comma} {made.bounds}, {made.plain_values}{op}, {made.event_time}
            FROM (SELECT {made.rows_comma} {made.spread} AS end_us FROM ({made.rows}) AS r) GROUP BY {made.keys_comma} end_us"""
        found = relation(text, made.output, **made.trees)
        return {"output": replace(found, hidden=("_event_time",)), "late": made.late(input)}

    def behave(self, input: Relation) -> Buckets:
        """Keep parts of the values per window, or the rows where a value needs them all."""
        made = self._made(input)
        kept = [BUCKET, *made.keys, *BOUNDS, *made.kept]
        bucket = f"make_timestamptz(last_end) AS {BUCKET}"
        groups = f"{made.keys_comma} {listed(BOUNDS)}"
        if made.partials is None:
            text = f"SELECT {bucket}, {groups}, {listed(made.used) or '1 AS _row'} FROM ({made.rows}) AS r"
            joined = None
        else:
            parts = ", ".join(f":{name} AS {identifier(name)}" for name in made.kept)
            text = f"SELECT {bucket}, {groups}, {parts} FROM ({made.rows}) AS r GROUP BY {groups}"
            joined = made.combined(kept)
        emit = relation(made.emitted(), [*made.output, "_event_time"], **made.trees)
        late = made.late(input)
        return Buckets(
            relation(text, kept if made.kept else [*kept, "_row"], **made.trees), joined,
            {"output": emit, "late": replace(late, columns=(*late.columns, *late.hidden), hidden=())},
            live=made.is_sliding, every=micros(self.config.every_seconds) if made.early else None,
        )  # fmt: skip

    def _made(self, input: Relation) -> _Made:
        """Work out the pieces of all queries."""
        config = self.config
        size, slide = micros(config.size_seconds), micros(config.slide_seconds or config.size_seconds)
        time = self.bound["time"]
        keys = list(dict.fromkeys(self.bound["group_by"]))
        values = sequenced_aggregates(self.trees("values"), time)
        named = {part.name for tree in values.values() for part in tree.find_all(exp.Column)}
        used = [name for name in (*input.columns, *input.hidden) if name in named and name not in keys]
        return _Made(
            keys=keys, used=used, slide=slide, size=size, shift=micros(config.offset_seconds), time=identifier(time),
            zoned=is_zoned(input, time), source=input.source("i").sql("duckdb"), values=values,
            partials=in_parts(values, frozenset(keys), input.types), early=self.endless and self.config.emit == "early",
        )  # fmt: skip


@dataclass(frozen=True)
class _Made:
    """The pieces of the queries of one window node; times are whole microseconds.

    A row belongs to the windows that end at `first_end`, one step later, and so on up to `last_end`: those that hold its
    time and were not over when it came.
    """

    keys: list[str]
    used: list[str]
    slide: int
    size: int
    shift: int
    time: str
    zoned: bool
    source: str
    values: Mapping[str, exp.Expr]
    partials: Partials | None
    early: bool

    @property
    def is_sliding(self) -> bool:
        """Whether windows overlap."""
        return self.slide < self.size

    @property
    def keys_comma(self) -> str:
        """The group's columns, each with a comma behind it."""
        return "".join(identifier(name) + ", " for name in self.keys)

    @property
    def rows_comma(self) -> str:
        """The columns of a row that the values need, each with a comma behind it."""
        return "".join(identifier(name) + ", " for name in (*self.keys, *self.used))

    @property
    def kept(self) -> list[str]:
        """What the state keeps per row: parts of values, or the columns that the values need."""
        return list(self.partials.parts) if self.partials else self.used

    @property
    def output(self) -> list[str]:
        """The columns of the result."""
        return [*self.keys, START, END, *self.values, *([OP] if self.early else [])]

    def placed(self, columns: str) -> str:
        """Return the rows with their windows and `late`: whether there is none, or no time."""
        us, behind = f"epoch_us({self.time})", "epoch_us(_watermark)"
        start = f"({us} - ((({us} - {self.shift}) % {self.slide}) + {self.slide}) % {self.slide})"
        last = f"({start} + {self.size})"
        first = f"({last} - {(self.size - 1) // self.slide * self.slide})"
        later = f"({first} + (({behind} - {first}) // {self.slide} + 1) * {self.slide})"
        return f"""SELECT {columns} {last} AS last_end,
            CASE WHEN {first} <= {behind} THEN {later} ELSE {first} END AS first_end,
            {us} IS NULL OR {us} >= {last} OR ({behind} IS NOT NULL AND {last} <= {behind}) AS late FROM {self.source}"""

    @property
    def rows(self) -> str:
        """The rows that belong to a window."""
        return f"SELECT {self.rows_comma} {listed(BOUNDS)} FROM ({self.placed(self.rows_comma)}) AS p WHERE NOT late"

    def late(self, input: Relation) -> Relation:
        """Return the rows that belong to no window."""
        hidden = [name for name in METADATA if name not in input.columns]
        every = listed([*input.columns, *hidden])
        made = relation(f"SELECT {every} FROM ({self.placed(every + ',')}) AS p WHERE late", input.columns)
        return replace(made, hidden=tuple(hidden))

    @property
    def spread(self) -> str:
        """The ends of a row's windows, one row each."""
        return f"unnest(generate_series(first_end, last_end, {self.slide}))" if self.is_sliding else "last_end"

    def combined(self, kept: list[str]) -> Relation:
        """Return the query of fewer rows that mean the same."""
        groups = f"{BUCKET}, {self.keys_comma} {listed(BOUNDS)}"
        when = f", {joined_times()}" if self.early else ""
        text = f"SELECT {groups}, {self.joined_parts}{when} FROM state GROUP BY {groups}"
        return relation(text, [*kept, SINCE, UNTIL] if self.early else kept)

    def emitted(self) -> str:
        """Return the text of the rows that leave the state."""
        kept = ", ".join([*map(identifier, self.kept), *([SINCE, UNTIL] if self.early else [])]) or "1 AS _row"
        every = f"SELECT {self.keys_comma} {kept}, {self.spread} AS end_us FROM state"
        where = [*self._due, *([changed(f"{self.keys_comma} end_us", every)] if self.early else [])]
        spread = f"SELECT {self.keys_comma} {kept.replace('1 AS ', '')}, end_us FROM ({every}) AS e"
        if where:
            spread += f" WHERE {' AND '.join(where)}"
        op = f", {operation()} AS {OP}" if self.early else ""
        if self.partials is None:
            return f"""SELECT {self.keys_comma} {self.bounds}, {self.plain_values}{op}, {self.event_time}
                FROM ({spread}) GROUP BY {self.keys_comma} end_us"""
        joined = ", ".join(f":f{index} AS {identifier(name)}" for index, name in enumerate(self.values))
        return f"""SELECT {self.keys_comma} {self.bounds}, {joined}{f", {OP}" if op else ""}, {self.event_time}
            FROM (SELECT {self.keys_comma} {self.joined_parts}{op}, end_us FROM ({spread}) GROUP BY {self.keys_comma} end_us)"""

    @property
    def _due(self) -> list[str]:
        """Which windows of the state's rows leave: where they overlap, a row that is due belongs to others too."""
        if not self.is_sliding:
            return []
        end = "make_timestamptz(end_us)"
        closed = f"""{end} <= (SELECT wm FROM clock) AND ((SELECT wm_before FROM clock) IS NULL
                OR {end} > (SELECT wm_before FROM clock))"""
        if not self.early:
            return [closed]
        open = f"((SELECT wm FROM clock) IS NULL OR {end} > (SELECT wm FROM clock))"
        return [f"CASE WHEN {TELLING} THEN {open} ELSE {closed} END"]

    @property
    def bounds(self) -> str:
        """Where the window begins and ends."""
        return f"{moment(f'end_us - {self.size}', self.zoned)} AS {START}, {moment('end_us', self.zoned)} AS {END}"

    @property
    def event_time(self) -> str:
        """The time of a result: the end of its window."""
        return "make_timestamptz(end_us) AS _event_time"

    @property
    def plain_values(self) -> str:
        """The values over rows."""
        return ", ".join(f":v{index} AS {identifier(name)}" for index, name in enumerate(self.values))

    @property
    def joined_parts(self) -> str:
        """The parts, joined."""
        return ", ".join(f"{self.partials.joined(name)} AS {identifier(name)}" for name in self.kept if self.partials)

    @property
    def trees(self) -> dict[str, exp.Expr]:
        """The expressions that templates stand for."""
        made = {f"v{index}": tree for index, tree in enumerate(self.values.values())}
        if self.partials is not None:
            made.update({f"f{index}": tree for index, tree in enumerate(self.partials.finals.values())})
            made.update({name: part.partial for name, part in self.partials.parts.items()})
        return made
