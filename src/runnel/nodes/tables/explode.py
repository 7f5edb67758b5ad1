"""Make one row per element of a list."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from runnel.sdk import (
    Column,
    Example,
    Finding,
    Ledger,
    Node,
    NodeConfig,
    Relation,
    Unsupported,
    Where,
    call,
    column,
    field,
)


class Explode(Node):
    """Makes one row per element of a list column; the other columns repeat."""

    kind = "table.explode"
    title = "List to rows"
    summary = "Make one row per element of a list"
    group = "tables"
    icon = "list-tree"
    synonyms = ("unnest", "flatten list", "split rows", "array to rows", "record splitting")
    ledger = Ledger.ABSORBED
    dialects = {"postgres": Unsupported("lists inside tables are not part of what is proven there")}

    class Config(NodeConfig):
        """Settings of the explosion."""

        column: Column = field(title="List column", help="The column that holds lists.", widget="column")
        position: str | None = field(None, title="Position column", help="Also number the elements (from 1) here.")
        keep_empty: bool = field(False, title="Keep empty", help="Rows with an empty or missing list stay, with NULL.")

    examples = (
        Example(
            "Tags",
            {"column": "tags", "position": "n"},
            {"input": [{"id": 1, "tags": ["x", "y"]}, {"id": 2, "tags": []}]},
            {"output": [{"id": 1, "tags": "x", "n": 1}, {"id": 1, "tags": "y", "n": 2}]},
        ),
        Example(
            "Keep rows without tags",
            {"column": "tags", "keep_empty": True},
            {"input": [{"id": 1, "tags": ["x"]}, {"id": 2, "tags": None}]},
            {"output": [{"id": 1, "tags": "x"}, {"id": 2, "tags": None}]},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the column."""
        return config.column

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report a column that holds no list."""
        type = inputs["input"].types.get(self.bound["column"], "")
        if not type.endswith("]"):
            what = f"`{self.bound['column']}` is {type}, not a list"
            yield Finding(
                "RNL-TYPE-003",
                "error",
                what,
                "Split a text into a list first, e.g. with `split(text, ',')`.",
                Where(field="column"),
            )

    def relate(self, input: Relation) -> Relation:
        """Unnest elements and positions side by side."""
        name = self.bound["column"]
        elements: exp.Expr = column(name)
        if self.config.keep_empty:
            elements = (
                exp.Case()
                .when(
                    exp.GT(this=call("COALESCE", call("LEN", column(name)), 0), expression=exp.Literal.number(0)),
                    column(name),
                )
                .else_(exp.Array(expressions=[exp.null()]))
            )
        made: dict[str, exp.Expr] = {
            other: call("UNNEST", elements) if other == name else column(other) for other in input.columns
        }
        if self.config.position:
            made[self.config.position] = call(
                "UNNEST", call("RANGE", 1, exp.Add(this=call("LEN", elements), expression=exp.Literal.number(1)))
            )
        return input.select(made)
