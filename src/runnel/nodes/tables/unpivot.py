"""Turn columns into rows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from runnel.sdk import Columns, Example, Finding, Ledger, Node, NodeConfig, Relation, Where, column, field
from runnel.sdk.joining import family


class Unpivot(Node):
    """Makes one row per named column: its name and its value; the other columns repeat. NULL values are left out."""

    kind = "table.unpivot"
    title = "Columns to rows"
    summary = "Turn columns into rows of name and value"
    group = "tables"
    icon = "table-rows-split"
    synonyms = ("melt", "unpivot", "wide to long", "gather", "stack")
    ledger = Ledger.ABSORBED

    class Config(NodeConfig):
        """Settings of the unpivot."""

        columns: Columns = field(title="Columns", help="The columns that become rows.", widget="columns", min_length=1)
        name: str = field("name", title="Name column", help="Column for the names.")
        value: str = field("value", title="Value column", help="Column for the values.")
        keep_nulls: bool = field(False, title="Keep NULLs", help="Also make rows for NULL values.")

    examples = (
        Example("Two months", {"columns": ["jan", "feb"], "name": "month", "value": "sales"},
                {"input": [{"shop": "a", "jan": 1, "feb": None}, {"shop": "b", "jan": 3, "feb": 4}]},
                {"output": [{"shop": "a", "month": "jan", "sales": 1}, {"shop": "b", "month": "jan", "sales": 3},
                            {"shop": "b", "month": "feb", "sales": 4}]}),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return ", ".join(config.columns)

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report columns of different kinds and names that are taken."""
        relation = inputs["input"]
        families = {family(relation.types.get(name, "")) for name in self.bound["columns"]}
        if len(families) > 1:
            what = f"the columns {', '.join(self.bound['columns'])} hold different types"
            yield Finding("RNL-TYPE-011", "error", what, "Put a table.cast before it.", Where(field="columns"))
        kept = {name.lower() for name in relation.columns if name not in self.bound["columns"]}
        for setting in ("name", "value"):
            if getattr(self.config, setting).lower() in kept:
                what = f"there is a column `{getattr(self.config, setting)}` already"
                yield Finding("RNL-COLUMN-002", "error", what, "Choose another name.", Where(field=setting))

    def relate(self, input: Relation) -> Relation:
        """One SELECT per column, appended."""
        chosen = list(dict.fromkeys(self.bound["columns"]))
        kept = [name for name in input.columns if name not in chosen]
        parts: list[Relation] = []
        for name in chosen:
            rows = input if self.config.keep_nulls else input.where(column(name).is_(exp.null()).not_())
            made: dict[str, exp.Expr] = {other: column(other) for other in kept}
            made[self.config.name] = exp.Literal.string(name)
            made[self.config.value] = column(name)
            parts.append(rows.select(made))
        return parts[0].union_all(parts[1:])
