"""Fill in missing values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from sqlglot import exp

from runnel.nodes.rows.sort import SortTerm, sort_key
from runnel.nodes.templates import types_of
from runnel.sdk import (
    Columns,
    Example,
    Finding,
    Node,
    NodeConfig,
    Relation,
    Unsupported,
    Where,
    call,
    column,
    field,
    literal,
    sort_term,
)
from runnel.sdk.joining import family
from runnel.sdk.names import nearest_column, resolve_column

_NUMERIC = ("mean", "median")
_ORDERED = ("forward", "backward")


class Fill(Node):
    """Puts values in place of NULL: a constant, a neighbour's value, or what is usual in the group.

    `forward` takes the last value before the row in the given order, `backward` the next one; equal rows of that order
    are told apart by their other columns. Of several most frequent values `mode` takes the smallest.
    """

    kind = "table.fill"
    title = "Fill in missing values"
    summary = "Replace NULL by a constant, a neighbour or the usual value"
    group = "columns"
    icon = "paint-bucket"
    synonyms = ("fillna", "impute", "coalesce", "default", "missing", "null", "forward fill", "ffill", "bfill")
    dialect_limits = {"postgres": "the median"}

    class Config(NodeConfig):
        """Settings of the filling."""

        columns: Columns = field(title="Columns", help="The columns to fill.", widget="columns", min_length=1)
        method: Literal["constant", "forward", "backward", "mean", "median", "mode", "min", "max"] = field(
            "constant", title="Fill with", help="Where the value comes from."
        )
        value: str | int | float | bool | None = field(None, title="Value", help="constant only.")
        group_by: Columns = field(default_factory=list, title="Per group", help="Only rows of the same group count.",
                                  widget="columns")  # fmt: skip
        order_by: list[str | SortTerm] = field(default_factory=list, title="Order by", widget="sort",
                                               help="forward and backward: `column` or `-column`.")  # fmt: skip

    examples = (
        Example("A constant", {"columns": ["n"], "value": 0}, {"input": [{"n": 1}, {"n": None}]},
                {"output": [{"n": 1}, {"n": 0}]}),
        Example(
            "The last known value per sensor",
            {"columns": ["v"], "method": "forward", "group_by": ["s"], "order_by": ["t"]},
            {"input": [{"s": "a", "t": 1, "v": None}, {"s": "a", "t": 2, "v": 7}, {"s": "a", "t": 3, "v": None},
                       {"s": "b", "t": 4, "v": None}]},
            {"output": [{"s": "a", "t": 1, "v": None}, {"s": "a", "t": 2, "v": 7}, {"s": "a", "t": 3, "v": 7},
                        {"s": "b", "t": 4, "v": None}]},
        ),
        Example("The most frequent value, the smallest of several", {"columns": ["c"], "method": "mode"},
                {"input": [{"id": 1, "c": "y"}, {"id": 2, "c": "x"}, {"id": 3, "c": None}]},
                {"output": [{"id": 1, "c": "y"}, {"id": 2, "c": "x"}, {"id": 3, "c": "x"}]}),
        Example("The mean of the group", {"columns": ["v"], "method": "mean", "group_by": ["g"]},
                {"input": [{"g": 1, "v": 2.0}, {"g": 1, "v": 4.0}, {"g": 1, "v": None}, {"g": 2, "v": None}]},
                {"output": [{"g": 1, "v": 2.0}, {"g": 1, "v": 4.0}, {"g": 1, "v": 3.0}, {"g": 2, "v": None}]}),
    )  # fmt: skip

    @classmethod
    def dialects_of(cls, config: Config) -> Mapping[str, Unsupported]:
        """Not the median."""
        return {"postgres": Unsupported("PostgreSQL has no median over neighbouring rows")} if config.method == "median" else {}

    @classmethod
    def refuses_stream(cls, config: Config, unbounded: frozenset[str]) -> str | None:
        """Only with a constant: other values come from further rows."""
        if config.method == "constant":
            return None
        return f"`{config.method}` looks at other rows, and here they never end; fill with a constant"

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say what is filled with what."""
        return f"{', '.join(config.columns)} with {config.value if config.method == 'constant' else config.method}"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report missing settings and methods that do not fit the type."""
        relation, method = inputs["input"], self.config.method
        if method == "constant" and self.config.value is None:
            yield Finding(
                "RNL-CONFIG-002", "error", "`value` is missing", "Write e.g. `value: 0`.", Where(field="value")
            )
        if method in _ORDERED and not self.config.order_by:
            yield Finding("RNL-CONFIG-002", "error", f"{method} needs `order_by`, which names no column",
                          "Rows have no order of their own; name the column that says which row comes before.",
                          Where(field="order_by"))  # fmt: skip
        for index, key in enumerate(map(sort_key, self.config.order_by)):
            if resolve_column(relation, key.column) is None:
                yield nearest_column(relation, key.column, Where(field=f"order_by.{index}"))
        for name in self.bound["columns"]:
            yield from self._check_type(name, relation.types.get(name, ""))

    def _check_type(self, name: str, type: str) -> Iterator[Finding]:
        value, kind = self.config.value, family(type)
        if self.config.method in _NUMERIC and kind != "number":
            yield Finding("RNL-TYPE-004", "error", f"`{name}` is {type}, which has no {self.config.method}",
                          "Use mode, forward or a constant.", Where(field="columns"))  # fmt: skip
        given = "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
        fits = given == kind or (given == "text" and kind not in ("number", "boolean"))
        if self.config.method == "constant" and value is not None and type and not fits:
            yield Finding("RNL-TYPE-005", "error", f"`{name}` is {type}, but the value {value!r} is {given}",
                          "Give a value of the column's kind, or fill such columns in a node of their own.",
                          Where(field="value"))  # fmt: skip

    def relate(self, input: Relation) -> Relation:
        """Compute each column's filling over windows."""
        names = list(dict.fromkeys(self.bound["columns"]))
        if self.config.method in _ORDERED:
            return self._neighbours(input, names)
        if self.config.method == "mode":
            return self._most_frequent(input, names)
        made: dict[str, exp.Expr] = {}
        for name in names:
            made[name] = call("COALESCE", column(name), self._usual(input, name))
        return input.extend(made)

    def _usual(self, input: Relation, name: str) -> exp.Expr:
        if self.config.method == "constant":
            value, type = literal(self.config.value), input.types.get(name)
            is_time = type is not None and family(type) not in ("text", "number", "boolean")
            return exp.Cast(this=value, to=types_of(type)) if type and is_time else value
        functions = {"mean": "AVG", "median": "MEDIAN", "min": "MIN", "max": "MAX"}
        return self._over(call(functions[self.config.method], column(name)), self.bound["group_by"])

    def _over(self, tree: exp.Expr, keys: list[str], order: list[exp.Expr] | None = None) -> exp.Window:
        return exp.Window(
            this=tree,
            partition_by=[column(key) for key in keys],
            order=exp.Order(expressions=order) if order else None,
            spec=exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
            if order
            else None,
        )

    def _neighbours(self, input: Relation, names: list[str]) -> Relation:
        """Number the stretches that begin with a value; each has one value, its greatest."""
        flipped = self.config.method == "backward"
        keys = [sort_key(term) for term in self.config.order_by]
        order: list[exp.Expr] = [
            sort_term(column(resolve_column(input, key.column) or key.column),
                      (key.order == "descending") != flipped, key.nulls) for key in keys
        ]  # fmt: skip
        used = {key.column.lower() for key in keys}
        order += [sort_term(column(name), flipped) for name in input.columns if name.lower() not in used]
        groups = self.bound["group_by"]
        stretches = {
            f"__stretch{index}": self._over(call("COUNT", column(name)), groups, order)
            for index, name in enumerate(names)
        }
        made: dict[str, exp.Expr] = {
            name: self._over(call("MAX", column(name)), [*groups, f"__stretch{index}"])
            for index, name in enumerate(names)
        }
        return input.hide(stretches).extend(made)

    def _most_frequent(self, input: Relation, names: list[str]) -> Relation:
        groups = self.bound["group_by"]
        counts = {
            f"__count{index}": self._over(call("COUNT", column(name)), [*groups, name])
            for index, name in enumerate(names)
        }
        made: dict[str, exp.Expr] = {}
        for index, name in enumerate(names):
            order = [sort_term(column(f"__count{index}"), True), sort_term(column(name))]
            first = exp.Window(this=call("FIRST_VALUE", column(name)), partition_by=[column(key) for key in groups],
                               order=exp.Order(expressions=order))  # fmt: skip
            made[name] = call("COALESCE", column(name), first)
        return input.hide(counts).extend(made)
