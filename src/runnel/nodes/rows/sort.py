"""Sort rows."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from runnel.sdk import Example, Finding, Node, NodeConfig, Relation, Streaming, Where, column, field, sort_term
from runnel.sdk.names import nearest_column, resolve_column


class SortTerm(BaseModel):
    """One sort key in long form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str
    order: str = field("ascending", help="ascending or descending", pattern="^(ascending|descending)$")
    nulls: str = field("last", help="first or last", pattern="^(first|last)$")


def sort_key(term: str | SortTerm) -> SortTerm:
    """Turn the short form `column` or `-column` into the long one."""
    if isinstance(term, SortTerm):
        return term
    return SortTerm(column=term[1:], order="descending") if term.startswith("-") else SortTerm(column=term)


class Sort(Node):
    """Sorts rows; the order holds for a sink right behind it."""

    kind = "table.sort"
    title = "Sort rows"
    summary = "Sort rows by one or more columns"
    group = "rows"
    icon = "arrow-up-down"
    synonyms = ("order", "order by", "rank rows", "sort by")
    streaming = Streaming.BOUNDED

    class Config(NodeConfig):
        """Settings of the sort."""

        by: list[str | SortTerm] = field(
            title="Sort by", help="`column` or `-column` (descending), or mappings with `nulls`.", widget="sort",
            min_length=1,
        )  # fmt: skip

    examples = (
        Example("Newest first", {"by": ["-day", "id"]},
                {"input": [{"id": 2, "day": 1}, {"id": 1, "day": 1}, {"id": 3, "day": 2}, {"id": 4, "day": None}]},
                {"output": [{"id": 3, "day": 2}, {"id": 1, "day": 1}, {"id": 2, "day": 1}, {"id": 4, "day": None}]},
                ordered=True),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the keys."""
        return ", ".join(("-" if key.order == "descending" else "") + key.column for key in map(sort_key, config.by))

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report unknown columns."""
        for index, key in enumerate(map(sort_key, self.config.by)):
            if resolve_column(inputs["input"], key.column) is None:
                yield nearest_column(inputs["input"], key.column, Where(field=f"by.{index}"))

    def relate(self, input: Relation) -> Relation:
        """Sort; NULLs come last unless told otherwise, in both directions."""
        terms = [
            sort_term(column(resolve_column(input, key.column) or key.column), key.order == "descending", key.nulls)
            for key in map(sort_key, self.config.by)
        ]
        return input.order_by(terms)
