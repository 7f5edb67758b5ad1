"""Keep the first rows."""

from __future__ import annotations

from runnel.sdk import Example, Ledger, Node, NodeConfig, Relation, Streaming, field


class Limit(Node):
    """Keeps a number of rows after leaving out the first ones; which rows that are is defined only behind a sort."""

    kind = "table.limit"
    title = "First rows"
    summary = "Keep the first rows"
    group = "rows"
    icon = "list-start"
    synonyms = ("head", "top", "take", "first", "offset", "skip")
    streaming = Streaming.BOUNDED
    ledger = Ledger.SUBSET
    ordered = True

    class Config(NodeConfig):
        """Settings of the limit."""

        rows: int = field(title="Rows", help="How many rows to keep.", unit="rows", ge=0)
        offset: int = field(0, title="Skip", help="How many rows to leave out first.", unit="rows", ge=0)

    examples = (
        Example("Second row", {"rows": 1, "offset": 1}, {"input": [{"a": 1}, {"a": 2}, {"a": 3}]},
                {"output": [{"a": 2}]}),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say how many."""
        return f"{config.rows:,} rows" + (f" after {config.offset:,}" if config.offset else "")

    @classmethod
    def stops_after(cls, config: Config) -> int | None:
        """Stop reading once the rows are there."""
        return config.rows

    def relate(self, input: Relation) -> Relation:
        """Keep the rows."""
        return input.limit(self.config.rows, self.config.offset)
