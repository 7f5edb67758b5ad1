"""Keep the largest or smallest rows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from runnel.nodes.rows.sort import SortTerm, sort_key
from runnel.sdk import (
    Columns,
    Example,
    Finding,
    Ledger,
    Node,
    NodeConfig,
    Relation,
    Streaming,
    Where,
    column,
    field,
    sort_term,
)
from runnel.sdk.names import nearest_column, resolve_column


class TopN(Node):
    """Keeps the first `rows` rows in an order, for the whole table or per group; ties are broken by the other columns."""

    kind = "table.top_n"
    title = "Top rows"
    summary = "Keep the first rows in an order, per group if you like"
    group = "rows"
    icon = "trophy"
    synonyms = ("largest", "smallest", "best", "ranking", "head", "limit")
    streaming = Streaming.BOUNDED
    ledger = Ledger.SUBSET

    class Config(NodeConfig):
        """Settings of the ranking."""

        rows: int = field(10, title="Rows", help="How many rows to keep (per group).", unit="rows", ge=1)
        by: list[str | SortTerm] = field(title="By", help="`-revenue` keeps the largest.", widget="sort", min_length=1)
        group_by: Columns = field(default_factory=list, title="Per group", help="Rank each group on its own.",
                                  widget="columns")  # fmt: skip
        ties: bool = field(False, title="Keep ties", help="Also keep rows equal to the last one.")

    examples = (
        Example("Largest per country", {"rows": 1, "by": ["-v"], "group_by": ["c"]},
                {"input": [{"c": "DE", "v": 1}, {"c": "DE", "v": 3}, {"c": "FR", "v": 2}, {"c": "FR", "v": None}]},
                {"output": [{"c": "DE", "v": 3}, {"c": "FR", "v": 2}]}),
        Example("With ties", {"rows": 1, "by": ["-v"], "ties": True},
                {"input": [{"id": 1, "v": 3}, {"id": 2, "v": 3}, {"id": 3, "v": 2}]},
                {"output": [{"id": 1, "v": 3}, {"id": 2, "v": 3}]}),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say how many by what."""
        by = ", ".join(("-" if key.order == "descending" else "") + key.column for key in map(sort_key, config.by))
        return f"{config.rows} by {by}" + (f" per {', '.join(config.group_by)}" if config.group_by else "")

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report unknown columns."""
        for index, key in enumerate(map(sort_key, self.config.by)):
            if resolve_column(inputs["input"], key.column) is None:
                yield nearest_column(inputs["input"], key.column, Where(field=f"by.{index}"))

    def relate(self, input: Relation) -> Relation:
        """Rank and cut."""
        keys = [sort_key(term) for term in self.config.by]
        terms: list[exp.Expr] = [
            sort_term(column(resolve_column(input, key.column) or key.column), key.order == "descending", key.nulls)
            for key in keys
        ]
        names = list(input.columns)
        if self.config.ties:
            window = exp.Window(
                this=exp.Anonymous(this="RANK"), partition_by=[column(key) for key in self.bound["group_by"]],
                order=exp.Order(expressions=terms),
            )  # fmt: skip
            ranked = input.hide({"__rank": window})
        else:
            used = {key.column for key in keys}
            terms += [sort_term(column(name)) for name in input.columns if name not in used]
            ranked = input.ranked("__rank", self.bound["group_by"], terms)
        return ranked.where(column("__rank") <= self.config.rows).select(names)
