"""Describe every column of a table."""

from __future__ import annotations

from sqlglot import exp

from runnel.nodes.templates import fill
from runnel.sdk import (
    Columns,
    Example,
    Node,
    NodeConfig,
    Relation,
    Streaming,
    Unsupported,
    call,
    column,
    field,
    literal,
)
from runnel.sdk.joining import family

_NUMBER = "DOUBLE"
_TOP_OF = (
    "list_transform(list_slice(list_sort(list_transform(map_entries(histogram(:text)), "
    "lambda _rn_e: {'n': -CAST(_rn_e.value AS BIGINT), 'v': _rn_e.key})), 1, :size), "
    "lambda _rn_e: {'value': _rn_e.v, 'rows': -_rn_e.n})"
)
_BIN = (
    "CASE WHEN isfinite(CAST(:x AS DOUBLE)) THEN CASE WHEN :high = :low THEN 0 ELSE least(:last, "
    "CAST(floor((CAST(:x AS DOUBLE) - :low) / (:high - :low) * :bins) AS INTEGER)) END END"
)
_BAR = "{'from': :low + (:high - :low) * :index / :bins, 'to': :low + (:high - :low) * :next / :bins, 'rows': :rows}"


class Profile(Node):
    """Says of each column how many values are missing and different, the least and greatest, mean, spread and shape.

    `top` are the most frequent values with their rows, ties in the order of the values; `histogram` are equally wide
    bars over the finite numbers. The rows themselves leave through `output`.
    """

    kind = "quality.profile"
    title = "Profile columns"
    summary = "Describe every column: missing, distinct, range, mean, top values, histogram"
    group = "quality"
    icon = "scan-search"
    synonyms = (
        "describe",
        "summary",
        "statistics",
        "explore",
        "eda",
        "data quality",
        "distinct",
        "nulls",
        "distribution",
    )
    streaming = Streaming.BOUNDED
    outputs = ("profile", "output")
    reports = ("profile",)
    dialects = {"postgres": Unsupported("lists inside tables are not part of what is proven there")}

    class Config(NodeConfig):
        """Settings of the description."""

        columns: Columns | None = field(None, title="Columns", help="All columns without it.", widget="columns")
        top: int = field(5, title="Top values", help="How many of the most frequent values.", ge=0, le=100)
        bins: int = field(10, title="Bars", help="How many bars a histogram has.", ge=1, le=100)

    examples = (
        Example(
            "A number and a text",
            {"top": 1, "bins": 2},
            {"input": [{"n": 1, "t": "b"}, {"n": 2, "t": "a"}, {"n": 4, "t": None}, {"n": None, "t": "a"}]},
            {
                "profile": [
                    {
                        "name": "n",
                        "type": "BIGINT",
                        "rows": 4,
                        "nulls": 1,
                        "distinct": 3,
                        "min": "1",
                        "max": "4",
                        "median": 2.0,
                        "top": [{"value": "1", "rows": 1}],
                        "histogram": [{"from": 1.0, "to": 2.5, "rows": 2}, {"from": 2.5, "to": 4.0, "rows": 1}],
                    },
                    {
                        "name": "t",
                        "type": "VARCHAR",
                        "rows": 4,
                        "nulls": 1,
                        "distinct": 2,
                        "min": "a",
                        "max": "b",
                        "median": None,
                        "top": [{"value": "a", "rows": 2}],
                        "histogram": None,
                    },
                ]
            },
        ),
        Example(
            "No rows",
            {},
            {"input": []},
            {"profile": [{"name": "n", "rows": 0, "nulls": 0, "distinct": 0, "min": None, "mean": None, "top": []}]},
            types={"input": {"n": "BIGINT"}},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return ", ".join(config.columns) if config.columns else "all columns"

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Compute all values in one row of structs, and make rows of them."""
        names = list(self.bound.get("columns") or input.columns)
        numbers = [name for name in names if family(input.types.get(name, "")) == "number"]
        wide = _with_bounds(input, numbers)
        rows = [self._row(input, name, numbers) for name in names]
        one = wide.aggregate({}, {"columns": call("LIST_VALUE", *rows)})
        fields = (
            "name",
            "type",
            "rows",
            "nulls",
            "distinct",
            "min",
            "max",
            "mean",
            "stddev",
            "median",
            "top",
            "histogram",
        )
        each = one.select({"column": call("UNNEST", column("columns"))})
        made = each.select({name: call("STRUCT_EXTRACT", column("column"), name) for name in fields})
        return {"profile": made, "output": input.select(list(input.columns))}

    def _row(self, input: Relation, name: str, numbers: list[str]) -> exp.Expr:
        value, is_number = column(name), name in numbers
        number = exp.cast(value, _NUMBER)
        finite = fill("CASE WHEN isfinite(:x) THEN :x END", x=number)
        text = exp.cast(value, "VARCHAR")
        none = exp.cast(exp.null(), _NUMBER)
        size = self.config.top
        top = fill(_TOP_OF, text=text, size=size) if size else exp.null()
        empty = fill('coalesce(:top, CAST([] AS STRUCT(value VARCHAR, "rows" BIGINT)[]))', top=top)
        parts: dict[str, exp.Expr] = {
            "name": literal(name),
            "type": literal(input.types.get(name, "")),
            "rows": exp.Count(this=exp.Star()),
            "nulls": fill("count(*) - count(:x)", x=value),
            "distinct": fill("count(DISTINCT :x)", x=text if "(" in input.types.get(name, "") else value),
            "min": exp.cast(fill("min(:x)", x=value), "VARCHAR"),
            "max": exp.cast(fill("max(:x)", x=value), "VARCHAR"),
            "mean": fill("avg(:x)", x=finite) if is_number else none,
            "stddev": fill("stddev_samp(:x)", x=finite) if is_number else none,
            "median": fill("median(:x)", x=finite) if is_number else none,
            "top": empty,
            "histogram": self._bars(numbers.index(name), name) if is_number else _no_bars(),
        }
        fields = [
            exp.PropertyEQ(this=exp.to_identifier(key, quoted=True), expression=part) for key, part in parts.items()
        ]
        return exp.Struct(expressions=fields)

    def _bars(self, index: int, name: str) -> exp.Expr:
        bins = self.config.bins
        low, high = column(f"__low{index}"), column(f"__high{index}")
        place = fill(_BIN, x=column(name), low=low, high=high, bins=bins, last=bins - 1)
        lowest, highest = fill("min(:x)", x=low), fill("min(:x)", x=high)
        bars = [
            fill(_BAR, low=lowest, high=highest, index=number, next=number + 1, bins=bins,
                 rows=fill("count_if(:place = :number)", place=place, number=number))
            for number in range(bins)
        ]  # fmt: skip
        return exp.Case().when(lowest.copy().is_(exp.null()).not_(), call("LIST_VALUE", *bars)).else_(_no_bars())


def _no_bars() -> exp.Expr:
    return fill('CAST(NULL AS STRUCT("from" DOUBLE, "to" DOUBLE, "rows" BIGINT)[])')


def _with_bounds(input: Relation, numbers: list[str]) -> Relation:
    """Put the least and greatest finite number of each column beside every row."""
    if not numbers:
        return input
    bounds: dict[str, exp.Expr] = {}
    for index, name in enumerate(numbers):
        finite = fill("CASE WHEN isfinite(CAST(:x AS DOUBLE)) THEN CAST(:x AS DOUBLE) END", x=column(name))
        bounds[f"__low{index}"], bounds[f"__high{index}"] = fill("min(:x)", x=finite), fill("max(:x)", x=finite)
    one = input.aggregate({}, bounds)
    made: dict[str, exp.Expr] = {name: column(name, "l") for name in input.columns}
    made.update({name: column(name, "r") for name in bounds})
    return input.join(one, None, made, "cross")
