"""Compute values over the rows that came before: previous values, running counts, sums and averages."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from runnel.nodes.streams.ordering import OLD, PLACE, ROWS, SEQ, US, Ordered, time_field, time_findings, visible
from runnel.nodes.streams.partials import called
from runnel.sdk import Column, Columns, Example, Finding, GuardedConfig, Relation, Where, WindowExpressions, column
from runnel.sdk import field as setting
from runnel.sdk.stateful import Keyed, StatefulNode, identifier, listed, relation
from runnel.sdk.streaming import METADATA
from runnel.sdk.trees import copied

BACK = 1000
"""So many rows back `lag` may look."""
COUNTS = ("count", "count_if", "countif")
SUMS = {"sum": "sum", "min": "min", "max": "max", "bool_and": "bool_and", "bool_or": "bool_or", "logical_and": "bool_and",
        "logical_or": "bool_or"}  # fmt: skip
MEANS = ("avg", "mean")
FIRSTS = ("first", "first_value", "any_value", "arbitrary")
LASTS = ("last", "last_value")
LATER = ("lead", "ntile", "percent_rank", "cume_dist", "nth_value", "rank", "dense_rank")


class Running(StatefulNode):
    """Adds columns computed over a row and those before it with the same key, in event time.

    `lag(x)`, `lag(x, 3)` give earlier values; `count`, `sum`, `min`, `max`, `avg`, `bool_and`, `bool_or`, `first`, `last` and
    `row_number()` run from the key's first row to the current one. With `moving_rows` every aggregate is over the last rows
    instead. Rows wait until the watermark has passed them. What is kept of a key: a few values, and as many rows as `lag` and
    `moving_rows` look back; keys are kept for ever.
    """

    kind = "stream.running"
    title = "Running values"
    summary = "Previous values, changes in percent, running totals per key"
    icon = "chart-line"
    synonyms = ("lag", "previous value", "percent change", "running total", "cumulative", "moving average", "delta", "rate")
    sequenced = True
    outputs = ("output", "late")

    class Config(GuardedConfig):
        """Settings of the values."""

        partition_by: Columns = setting(default_factory=list, title="Per", widget="columns",
                                        help="Rows with equal values here follow each other.")  # fmt: skip
        columns: WindowExpressions = setting(title="Columns", widget="expressions", min_length=1,
                                             help="Name and expression, e.g. `price / lag(price) - 1`.")  # fmt: skip
        moving_rows: int | None = setting(None, title="Moving rows", ge=1, le=BACK, unit="rows",
                                          help="Aggregates see only this many rows up to the current one.")  # fmt: skip
        time: Column = time_field()

    examples = (
        Example(
            "Change in percent",
            {"time": "at", "partition_by": ["s"], "columns": {"change": "100.0 * (v - lag(v)) / lag(v)", "total": "sum(v)"}},
            {"input": [{"at": "2026-01-01 00:00:02", "s": "a", "v": 15.0}, {"at": "2026-01-01 00:00:01", "s": "a", "v": 10.0},
                       {"at": "2026-01-01 00:00:01", "s": "b", "v": 1.0}]},
            {"output": [{"at": "2026-01-01T00:00:01", "s": "a", "v": 10.0, "change": None, "total": 10.0},
                        {"at": "2026-01-01T00:00:02", "s": "a", "v": 15.0, "change": 50.0, "total": 25.0},
                        {"at": "2026-01-01T00:00:01", "s": "b", "v": 1.0, "change": None, "total": 1.0}]},
            {"input": {"at": "TIMESTAMP", "s": "VARCHAR", "v": "DOUBLE"}},
        ),
        Example(
            "Moving median of two",
            {"time": "at", "moving_rows": 2, "columns": {"m": "median(v)"}},
            {"input": [{"at": "2026-01-01 00:00:01", "v": 1.0}, {"at": "2026-01-01 00:00:02", "v": 3.0}]},
            {"output": [{"at": "2026-01-01T00:00:01", "v": 1.0, "m": 1.0}, {"at": "2026-01-01T00:00:02", "v": 3.0, "m": 2.0}]},
            {"input": {"at": "TIMESTAMP", "v": "DOUBLE"}},
        ),
    )  # fmt: skip

    def clocked(self, input: str) -> str:
        """Rows are in time by the column that the config names."""
        return self.bound["time"]

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return ", ".join(config.columns) + (f" per {', '.join(config.partition_by)}" if config.partition_by else "")

    @classmethod
    def window(cls, config: Config) -> exp.Window:
        """Keys and time, for every call; the frame is that of the aggregates."""
        start = exp.Literal.number(config.moving_rows - 1) if config.moving_rows else "UNBOUNDED"
        return exp.Window(
            partition_by=[column(name) for name in config.partition_by],
            order=exp.Order(expressions=[exp.Ordered(this=column(config.time), nulls_first=False)]),
            spec=exp.WindowSpec(kind="ROWS", start=start, start_side="PRECEDING", end="CURRENT ROW"),
        )

    def check(self, inputs: Mapping[str, Relation]) -> Iterator[Finding]:
        """Report a time that is none, calls that need later rows or all earlier ones, and names of metadata."""
        yield from time_findings(self, inputs["input"])
        own = self.window(self.config).args["order"].sql("duckdb").lower()
        for name, tree in self.trees("columns").items():
            for window in tree.find_all(exp.Window):
                problem = _problem(window, own, self.config.moving_rows is not None)
                if problem is not None:
                    yield Finding("RNL-STREAM-015", "error", problem[0], problem[1], Where(field=f"columns.{name}"))

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Compute every column over the rows in their order."""
        made = self._made(input)
        return made.ports(f"({made.computed(None)})")

    def behave(self, input: Relation) -> Keyed:
        """Keep the last rows of each key, the newest with what the aggregates came to."""
        made = self._made(input)
        rows = made.rows
        state = list(dict.fromkeys([*rows.keys, US, *PLACE, *made.used]))
        wanted = [*state, *made.parts]
        newest = [f"CASE WHEN __back = 1 THEN {identifier('__c' + name)} END AS {identifier(name)}" for name in made.parts]
        back = f"row_number() OVER (PARTITION BY {listed(rows.keys)} ORDER BY {SEQ} DESC) AS __back"
        given = "".join(f", {identifier('__c' + name)}" for name in made.parts)
        absorb = f"""SELECT {', '.join([listed(state), *newest])} FROM (SELECT {listed(state)}{given}, {back} FROM "{ROWS}") AS b
            WHERE __back <= {made.back}"""
        joined = {name: part.combine.replace("{}", identifier(name)) for name, part in made.parts.items()}
        typed = [f"{text} OVER () AS {identifier(name)}" for name, text in joined.items()]
        types = f"SELECT {', '.join([listed(state), *typed])} FROM ({rows.text}) AS t"
        names = [*rows.columns, OLD, SEQ, *(f"__c{name}" for name in made.parts), *made.windows]
        return Keyed(
            keys=tuple(rows.keys), touched={"input": rows.touched()},
            steps={ROWS: relation(made.computed([*made.used, *made.parts]), names, **made.trees)},
            absorb=relation(absorb, wanted), types=relation(types, wanted, **made.trees),
            emit={port: visible(found) for port, found in made.ports(identifier(ROWS)).items()},
        )  # fmt: skip

    def _made(self, input: Relation) -> _Made:
        """Split every expression into what is kept and what is computed of it."""
        splitting = _Splitting(self.config.moving_rows)
        values = {name: splitting.split(tree) for name, tree in self.trees("columns").items()}
        trees = [*splitting.windows.values(), *(part.tree for part in splitting.parts.values())]
        named = {part.name for tree in trees for part in tree.find_all(exp.Column)}
        free = {part.name for tree in values.values() for part in tree.find_all(exp.Column)}
        rows = Ordered.of(self, input, self.bound["partition_by"])
        hidden = [name for name in input.hidden if name in named | free and name not in METADATA]
        extras = {name: identifier(name) for name in hidden} | {name: f":{name}" for name in splitting.parts}
        kept = {*rows.keys, US, *PLACE}
        used = [name for name in (*input.columns, *input.hidden) if name in named and name not in kept]
        rows = replace(rows, extras=extras)
        return _Made(rows, used, splitting.parts, splitting.windows, values, splitting.back, splitting.moving)


@dataclass(frozen=True)
class _Part:
    """A value of which each row has its own part: the part of one row, and SQL (with `{}` for the part) that joins them."""

    tree: exp.Expr
    combine: str


@dataclass
class _Splitting:
    """Takes window calls out of expressions: `__c…` is a joined part, `__w…` a call over the kept rows."""

    moving: int | None
    parts: dict[str, _Part] = field(default_factory=dict)
    windows: dict[str, exp.Expr] = field(default_factory=dict)
    back: int = 1

    def __post_init__(self) -> None:
        self.back = max(1, (self.moving or 1) - 1)

    def split(self, tree: exp.Expr) -> exp.Expr:
        """Return an expression over the columns that stand for its calls."""
        holder = exp.paren(copied(tree), copy=False)
        for window in list(holder.find_all(exp.Window)):
            window.replace(exp.paren(self._taken(window.this), copy=False))
        return holder

    def _taken(self, call: exp.Expr) -> exp.Expr:
        inner, where = (call.this, call.expression.this) if isinstance(call, exp.Filter) else (call, None)
        name = called(inner)
        if name == "lag":
            self.back = max(self.back, _offset(inner) or 1)
            return self._windowed(call, None)
        if name == "row_number":
            return self._counted(exp.true())
        if self.moving is not None:
            return self._windowed(call, self.moving)
        argument = _argument(inner)
        if name in COUNTS:
            if name != "count":
                return self._counted(_and(exp.Coalesce(this=argument, expressions=[exp.false()]), where))
            if argument is None or isinstance(argument, (exp.Star, exp.Literal)):
                return self._counted(_and(exp.true(), where))
            return self._counted(_and(argument.is_(exp.null()).not_(), where))
        assert argument is not None
        if name in SUMS:
            return self._kept(_where(argument, where), SUMS[name] + "({})")
        if name in MEANS:
            total = self._kept(exp.cast(_where(argument, where), exp.DataType.build("DOUBLE")), "sum({})")
            count = self._counted(_and(copied(argument).is_(exp.null()).not_(), where))
            return exp.Div(this=total, expression=exp.Nullif(this=count, expression=exp.Literal.number(0)))
        if name in LASTS and where is None:
            return argument
        boxed = exp.Struct(expressions=[exp.PropertyEQ(this=exp.to_identifier("v"), expression=argument)])
        fold = "last_value({} IGNORE NULLS)" if name in LASTS else "first_value({} IGNORE NULLS)"
        some = where if name not in ("any_value",) else _and(copied(argument).is_(exp.null()).not_(), where)
        kept = self._kept(_where(boxed, some), fold)
        return exp.Anonymous(this="STRUCT_EXTRACT", expressions=[kept, exp.Literal.string("v")])

    def _counted(self, condition: exp.Expr) -> exp.Expr:
        one = exp.Case(ifs=[exp.If(this=condition, true=exp.cast(exp.Literal.number(1), exp.DataType.build("BIGINT")))])
        total = exp.cast(self._kept(one, "sum({})"), exp.DataType.build("BIGINT"))
        return exp.Coalesce(this=total, expressions=[exp.Literal.number(0)])

    def _kept(self, tree: exp.Expr, combine: str) -> exp.Expr:
        name = f"__p{len(self.parts)}"
        self.parts[name] = _Part(tree, combine)
        return column(f"__c{name}")

    def _windowed(self, call: exp.Expr, rows: int | None) -> exp.Expr:
        name = f"__w{len(self.windows)}"
        self.windows[name] = copied(call)
        return column(name)


@dataclass(frozen=True)
class _Made:
    """The pieces of the queries of one node."""

    rows: Ordered
    used: list[str]
    parts: Mapping[str, _Part]
    windows: Mapping[str, exp.Expr]
    values: Mapping[str, exp.Expr]
    back: int
    moving: int | None

    @property
    def trees(self) -> dict[str, exp.Expr]:
        """The expressions that templates stand for."""
        made = {name: part.tree for name, part in self.parts.items()}
        return {**made, **{f"v{index}": tree for index, tree in enumerate(self.values.values())}}

    def computed(self, kept: list[str] | None) -> str:
        """Return the query of the rows with every joined part and every call over kept rows."""
        over = f"PARTITION BY {listed(self.rows.keys)} ORDER BY {SEQ}"
        made = [listed(self.rows.columns), OLD, SEQ]
        for name, part in self.parts.items():
            joined = part.combine.replace("{}", identifier(name))
            made.append(f"{joined} OVER ({over} ROWS UNBOUNDED PRECEDING) AS {identifier('__c' + name)}")
        for name, call in self.windows.items():
            frame = "" if called(call) == "lag" else f" ROWS {(self.moving or 1) - 1} PRECEDING"
            made.append(f"{call.sql('duckdb')} OVER ({over}{frame}) AS {identifier(name)}")
        return f"SELECT {', '.join(made)} FROM ({self.rows.with_earlier(kept)}) AS w"

    def ports(self, table: str) -> dict[str, Relation]:
        """Return the rows of each port."""
        names = list(self.rows.input.columns)
        places = {name.lower(): name for name in names}
        trees = {places.get(name.lower(), name): f":v{index}" for index, name in enumerate(self.values)}
        names += [name for name in trees if name not in names]
        hidden = [name for name in self.rows.carried if name not in names]
        given = [f"{trees.get(name, identifier(name))} AS {identifier(name)}" for name in (*names, *hidden)]
        text = f"SELECT {', '.join(given)} FROM {table} AS o WHERE NOT {OLD}"
        return {"output": replace(relation(text, names, **self.trees), hidden=tuple(hidden)), "late": self.rows.late()}


def _problem(window: exp.Window, own: str, moving: bool) -> tuple[str, str] | None:
    """Return in words, with a hint, why a call cannot be kept up row by row, or None."""
    call = window.this
    inner = call.this if isinstance(call, exp.Filter) else call
    name, text = called(inner), inner.sql("duckdb")
    if window.args.get("order") is None or window.args["order"].sql("duckdb").lower() != own:
        return f"`{text}` has an OVER of its own", "Leave it out: the node's keys, the time and `moving_rows` are the window."
    if name == "lag":
        offset = _offset(inner)
        if offset is None or not 1 <= offset <= BACK:
            return f"`{text}` may look any number of rows back", f"Write a number from 1 to {BACK}, e.g. `lag(x, 3)`."
        return None
    if name in LATER or isinstance(inner, (exp.IgnoreNulls, exp.RespectNulls)):
        return f"`{text}` needs rows that this node does not keep", "Use lag(x, n), or a window of time (stream.window)."
    known = (*COUNTS, *SUMS, *MEANS, *FIRSTS, *LASTS, "row_number")
    if not moving and (name not in known or inner.find(exp.Distinct, exp.Order)):
        return f"`{text}` needs every row since the first", "Set `moving_rows`, or use a window of time (stream.window)."
    return None


def _offset(call: exp.Expr) -> int | None:
    """Return how many rows a call of `lag` looks back; None where that is not a plain number."""
    given = call.expressions[1:] if isinstance(call, exp.Anonymous) else [call.args.get("offset")]
    offset = given[0] if given else None
    if offset is None:
        return 1
    while isinstance(offset, (exp.Paren, exp.Cast)):
        offset = offset.this
    return int(offset.name) if isinstance(offset, exp.Literal) and offset.name.isdigit() else None


def _argument(call: exp.Expr) -> exp.Expr | None:
    """Return the first argument of a call."""
    if isinstance(call, exp.Anonymous):
        return copied(call.expressions[0]) if call.expressions else None
    return copied(call.this) if isinstance(call.this, exp.Expr) else None


def _and(tree: exp.Expr, where: exp.Expr | None) -> exp.Expr:
    return tree if where is None else exp.and_(tree, copied(where))


def _where(tree: exp.Expr, where: exp.Expr | None) -> exp.Expr:
    return tree if where is None else exp.Case(ifs=[exp.If(this=copied(where), true=tree)])
