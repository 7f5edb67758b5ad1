"""Join several columns into one text."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from runnel.nodes.columns.split import taken
from runnel.nodes.templates import fill
from runnel.sdk import Columns, Example, Finding, Node, NodeConfig, Relation, all_of, call, column, field


class MergeColumns(Node):
    """Writes the values of columns one after the other, with a separator; missing values are skipped.

    Where all are missing the result is NULL. The new column stands where the first of them stood.
    """

    kind = "table.merge_columns"
    title = "Merge columns"
    summary = "Join several columns into one text"
    group = "columns"
    icon = "combine"
    synonyms = ("concatenate", "concat", "combine columns", "unite", "full name", "join text")

    class Config(NodeConfig):
        """Settings of the merge."""

        columns: Columns = field(title="Columns", help="The columns to join, in order.", widget="columns", min_length=1)
        into: str = field(title="New column", help="The name of the joined text.")
        separator: str = field(" ", title="Separator", help="Stands between the values.")
        keep: bool = field(False, title="Keep the columns", help="Or leave them out.")

    examples = (
        Example("Full name", {"columns": ["first", "last"], "into": "name"},
                {"input": [{"id": 1, "first": "Ann", "last": "Lee"}, {"id": 2, "first": None, "last": "Poe"},
                           {"id": 3, "first": None, "last": None}]},
                {"output": [{"id": 1, "name": "Ann Lee"}, {"id": 2, "name": "Poe"}, {"id": 3, "name": None}]}),
        Example("Numbers too", {"columns": ["a", "b"], "into": "key", "separator": "-", "keep": True},
                {"input": [{"a": 1, "b": "x"}]}, {"output": [{"a": 1, "b": "x", "key": "1-x"}]}),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say what becomes what."""
        return f"{', '.join(config.columns)} → {config.into}"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report a name that is taken."""
        yield from taken(inputs["input"], [self.config.into], [] if self.config.keep else self.bound["columns"], "into")

    def relate(self, input: Relation) -> Relation:
        """Join the texts."""
        names, into = list(dict.fromkeys(self.bound["columns"])), self.config.into
        texts = [exp.cast(column(name), "VARCHAR") for name in names]
        joined = call("CONCAT_WS", self.config.separator, *texts)
        empty = all_of(column(name).is_(exp.null()) for name in names)
        merged = fill("CASE WHEN NOT (:empty) THEN :joined END", empty=empty, joined=joined)
        made: dict[str, exp.Expr] = {}
        for name in input.columns:
            if name in names and into not in made:
                first = {into: merged}
                made.update({name: column(name), **first} if self.config.keep else first)
            elif self.config.keep or name not in names:
                made[name] = column(name)
        return input.select(made)
