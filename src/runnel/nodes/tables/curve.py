"""Compare rows with a curve that points describe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from sqlglot import exp

from runnel.sdk import (
    Column,
    Example,
    Finding,
    Ledger,
    Node,
    NodeConfig,
    Relation,
    Where,
    call,
    column,
    field,
    literal,
    sort_term,
)
from runnel.sdk.fields import ColumnMark
from runnel.sdk.joining import JoinKeys, family, key_condition, key_findings

OfCurve = Annotated[str, ColumnMark("curve")]
X, Y, NEXT_X, NEXT_Y, LOW, HIGH = "__x", "__y", "__next_x", "__next_y", "__low", "__high"


class Curve(Node):
    """Adds what a curve gives for a value of each row, and how many percent a measured value is off it.

    The points of the table `curve` are joined by straight lines: the power that a manufacturer promises for a speed of wind,
    the flow of a pump, the tariff by amount. With `on` each row has the curve of its key (the turbine's model, say). Where
    points of one curve share an x, the one with the smallest y counts; points without x or y are none. Every row goes on once;
    without a curve, without a value, and outside of the points (`outside: null`) what is expected is NULL.
    """

    kind = "table.curve"
    title = "Compare with a curve"
    summary = "What a curve of points expects for each row, and how far a measured value is off"
    group = "tables"
    icon = "spline"
    synonyms = ("power curve", "characteristic curve", "interpolate", "expected value", "deviation", "calibration")
    ledger = Ledger.SIDE

    class Config(NodeConfig):
        """Settings of the comparison."""

        x: Column = field(title="Value", widget="column", help="Where on the curve a row is, e.g. `wind_ms`.")
        curve_x: OfCurve = field(title="Curve: value", widget="column", help="The column of the points' x.")
        curve_y: OfCurve = field(title="Curve: gives", widget="column", help="The column of what the curve gives there.")
        measured: Annotated[str | None, ColumnMark()] = field(
            None, title="Measured", widget="column", help="What is compared, e.g. `power_kw`; without it nothing is."
        )
        on: list[str] | dict[str, str] | None = field(
            None, title="Keys", widget="join_keys", help="One curve per key: column names, or column: curve's column."
        )
        outside: Literal["null", "nearest"] = field(
            "null", title="Outside of the points", widget="choice",
            help="null expects nothing there, nearest what the first or last point gives.",
        )
        expected: str = field("expected", title="Name of what is expected", min_length=1, advanced=True)
        deviation: str = field("deviation_percent", title="Name of the deviation", min_length=1, advanced=True, unit="percent")

    examples = (
        Example(
            "Power beside the curve of the turbine",
            {"x": "wind_ms", "curve_x": "wind", "curve_y": "kw", "measured": "power_kw"},
            {
                "input": [
                    {"turbine": "A", "wind_ms": 6.0, "power_kw": 500.0},
                    {"turbine": "B", "wind_ms": 7.5, "power_kw": 800.0},
                    {"turbine": "C", "wind_ms": 30.0, "power_kw": 0.0},
                ],
                "curve": [{"wind": 5.0, "kw": 400.0}, {"wind": 7.0, "kw": 800.0}, {"wind": 8.0, "kw": 1200.0}],
            },
            {
                "output": [
                    {"turbine": "A", "wind_ms": 6.0, "power_kw": 500.0, "expected": 600.0, "deviation_percent": -100.0 / 6.0},
                    {"turbine": "B", "wind_ms": 7.5, "power_kw": 800.0, "expected": 1000.0, "deviation_percent": -20.0},
                    {"turbine": "C", "wind_ms": 30.0, "power_kw": 0.0, "expected": None, "deviation_percent": None},
                ]
            },
        ),
    )

    @classmethod
    def refuses_stream(cls, config: Config, unbounded: frozenset[str]) -> str | None:
        """Not with a curve whose points never end."""
        return "the points of the curve never end; keep them in a dataset or a file" if "curve" in unbounded else None

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the value and what is compared."""
        return f"{config.measured} by {config.x}" if config.measured else f"by {config.x}"

    def check(self, inputs: dict[str, Any]) -> Iterator[Finding]:
        """Report values that are no numbers, unknown keys, and names that are taken."""
        for port, names in (("input", ("x", "measured")), ("curve", ("curve_x", "curve_y"))):
            for name in names:
                chosen = self.bound.get(name)
                type = inputs[port].types.get(chosen, "DOUBLE") if chosen else "DOUBLE"
                if family(type) != "number":
                    hint = "Turn it into a number first (table.cast)."
                    yield Finding("RNL-TYPE-001", "error", f"`{chosen}` is {type}, not a number", hint, Where(field=name))
        yield from key_findings(inputs["input"], inputs["curve"], self.config.on or (), "on")
        taken = {name.lower() for name in inputs["input"].columns}
        for setting, name in self._named().items():
            if name.lower() in taken:
                what = f"there is a column `{name}` already"
                yield Finding("RNL-COLUMN-002", "error", what, "Choose another name.", Where(field=setting))
            taken.add(name.lower())

    def _named(self) -> dict[str, str]:
        """Return setting → name of the columns that are added."""
        names = {"expected": self.config.expected}
        return {**names, "deviation": self.config.deviation} if self.config.measured else names

    def relate(self, input: Relation, curve: Relation) -> Relation:
        """Join each row with the piece of the curve that it lies on."""
        keys = JoinKeys.of(input, curve, self.config.on or ())
        here = _double(column(self.bound["x"], "l"))
        on = exp.and_(here >= column(LOW, "r"), here < column(HIGH, "r"))
        if keys.pairs:
            on = exp.and_(key_condition(keys), on)
        made: dict[str, exp.Expr] = {name: column(name, "l") for name in input.columns}
        made[self.config.expected] = self._expected(here)
        joined = input.join(self._pieces(curve, [theirs for _, theirs in keys.pairs]), on, made, "left")
        if not self.config.measured:
            return joined
        expected = column(self.config.expected)
        off = (_double(column(self.bound["measured"])) - expected) * literal(100.0)
        return joined.extend({self.config.deviation: off / _or_null(call("ABS", expected))})

    def _pieces(self, curve: Relation, keys: list[str]) -> Relation:
        """Return the pieces of the curve: from which x to which, and the two points."""
        x, y = column(self.bound["curve_x"]), column(self.bound["curve_y"])
        points = curve.select({**{key: column(key) for key in keys}, X: _double(x), Y: _double(y)})
        points = points.where(exp.and_(column(X).is_(exp.null()).not_(), column(Y).is_(exp.null()).not_()))
        points = points.aggregate({name: column(name) for name in (*keys, X)}, {Y: exp.Min(this=column(Y))})

        def beside(function: type[exp.Lead | exp.Lag], name: str) -> exp.Expr:
            order = exp.Order(expressions=[sort_term(column(X))])
            return exp.Window(this=function(this=column(name)), partition_by=[column(key) for key in keys], order=order)

        pieces = points.extend({NEXT_X: beside(exp.Lead, X), NEXT_Y: beside(exp.Lead, Y), LOW: beside(exp.Lag, X)})
        first = literal("-Infinity") if self.config.outside == "nearest" else column(X)
        low = exp.Case().when(column(LOW).is_(exp.null()), _double(first)).else_(column(X))
        return pieces.extend({LOW: low, HIGH: call("COALESCE", column(NEXT_X), _double(literal("Infinity")))})

    def _expected(self, here: exp.Expr) -> exp.Expr:
        x, y, next_x, next_y = (column(name, "r") for name in (X, Y, NEXT_X, NEXT_Y))
        last = y if self.config.outside == "nearest" else exp.null()
        line = y + exp.paren(here - x) * exp.paren(next_y - y) / _or_null(next_x - x)
        return exp.Case().when(here <= x, y).when(next_x.is_(exp.null()), last).else_(line)


def _or_null(tree: exp.Expr) -> exp.Expr:
    """Return what to divide by: NULL where it is 0."""
    return exp.Nullif(this=tree, expression=literal(0.0))


def _double(tree: exp.Expr) -> exp.Expr:
    return exp.cast(tree, "DOUBLE")
