"""Check that a table has the columns it should have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from runnel.sdk import ColumnTypes, Example, Finding, Node, NodeConfig, Relation, Where, field
from runnel.sdk.names import nearest_column, resolve_column
from runnel.sdk.types import normal_type


class Schema(Node):
    """Passes all rows on when the named columns are there with these types; otherwise the pipeline is invalid.

    This is checked before anything runs, on the columns and not on the rows.
    """

    kind = "quality.schema"
    title = "Check columns"
    summary = "Refuse a table that lacks columns or has other types"
    group = "quality"
    icon = "table-properties"
    synonyms = ("schema enforcement", "contract", "expected columns", "schema drift", "types", "typed input")

    class Config(NodeConfig):
        """Settings of the check."""

        columns: ColumnTypes = field(title="Columns", help="Name: type, e.g. `price: DECIMAL(10,2)`.", widget="types",
                                     min_length=1)  # fmt: skip
        extra: Literal["pass", "drop", "refuse"] = field(
            "pass", title="Further columns", help="What becomes of others."
        )

    examples = (
        Example("Only what is named", {"columns": {"id": "BIGINT"}, "extra": "drop"},
                {"input": [{"id": 1, "note": "x"}]}, {"output": [{"id": 1}]}),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name columns and types."""
        return ", ".join(f"{name}: {type}" for name, type in config.columns.items())

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report columns that are missing, of another type, or too many."""
        relation = inputs["input"]
        named: set[str] = set()
        for name, wanted in self.config.columns.items():
            place = Where(field=f"columns.{name}")
            exact = resolve_column(relation, name)
            if exact is None:
                yield nearest_column(relation, name, place)
                continue
            named.add(exact)
            type, found = normal_type(wanted), relation.types.get(exact, "")
            if type is None:
                yield Finding(
                    "RNL-TYPE-002", "error", f"`{wanted}` is no type", "Types are BIGINT, VARCHAR, DATE …", place
                )
            elif found and type != found:
                what = f"the column `{exact}` is {found}, but {type} was agreed on"
                yield Finding("RNL-TYPE-012", "error", what, f"Cast it before: `columns: {{{exact}: {type}}}`.", place)
        others = [name for name in relation.columns if name not in named]
        if others and self.config.extra == "refuse":
            what = f"the table has further columns: {', '.join(others)}"
            yield Finding(
                "RNL-COLUMN-004", "error", what, "Remove them before, or write `extra: drop`.", Where(field="extra")
            )

    def relate(self, input: Relation) -> Relation:
        """Pass the rows on."""
        if self.config.extra != "drop":
            return input.select(list(input.columns))
        kept = {resolve_column(input, name) for name in self.config.columns}
        return input.select([name for name in input.columns if name in kept])
