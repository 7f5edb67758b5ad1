"""Keep a random but reproducible part of the rows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from runnel.sdk import (
    Columns,
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


class Sample(Node):
    """Keeps a number or a share of rows; which ones depends on the seed and the rows' own values, so it repeats exactly.

    Equal rows are kept or left out together when a share is given.
    """

    kind = "table.sample"
    title = "Sample rows"
    summary = "Keep a reproducible random part of the rows"
    group = "rows"
    icon = "dices"
    synonyms = ("random", "subset", "bernoulli", "stratified")
    ledger = Ledger.SUBSET

    class Config(NodeConfig):
        """Settings of the sample."""

        rows: int | None = field(None, title="Rows", help="Keep this many rows (per group).", unit="rows", ge=0)
        share: float | None = field(None, title="Share", help="Or keep this share, from 0 to 1.", ge=0, le=1)
        seed: int = field(0, title="Seed", help="Another seed gives another sample.")
        group_by: Columns = field(default_factory=list, title="Per group", widget="columns",
                                  help="Sample each group on its own.")  # fmt: skip

    examples = (
        Example("None of them", {"share": 0}, {"input": [{"a": 1}, {"a": 2}]}, {"output": []}),
        Example("One per group", {"rows": 1, "group_by": ["g"]}, {"input": [{"g": 1, "v": 5}, {"g": 2, "v": 6}]},
                {"output": [{"g": 1, "v": 5}, {"g": 2, "v": 6}]}),
    )  # fmt: skip

    @classmethod
    def refuses_stream(cls, config: Config, unbounded: frozenset[str]) -> str | None:
        """Not with a number of rows: which they are is known at the end."""
        return "a number of rows can be chosen only at the end; give a `share`" if config.rows is not None else None

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say how much."""
        part = f"{config.rows:,} rows" if config.rows is not None else f"{config.share or 0:.0%}"
        return part + (f" per {', '.join(config.group_by)}" if config.group_by else "")

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report that neither or both sizes are given."""
        if (self.config.rows is None) == (self.config.share is None):
            yield Finding("RNL-CONFIG-002", "error", "a sample needs either `rows` or `share`",
                          "Write e.g. `rows: 1000` or `share: 0.1`.", Where(field="rows"))  # fmt: skip

    def relate(self, input: Relation) -> Relation:
        """Rank rows by a hash of seed and values."""
        values = [exp.cast(column(name), "VARCHAR") for name in input.columns]
        mixed = call("MD5", call("CONCAT_WS", "\x1f", str(self.config.seed), *values))
        names = list(input.columns)
        if self.config.share is not None:
            head = call("LEFT", mixed, 8)
            limit = f"{int(self.config.share * 0xFFFFFFFF):08x}"
            if self.config.share >= 1:
                return input.select(names)
            return input.where(exp.LT(this=head, expression=literal(limit))).select(names)
        hidden = input.hide({"__draw": mixed})
        ranked = hidden.ranked("__rank", self.bound["group_by"], [sort_term(column("__draw"))])
        return ranked.where(column("__rank") <= self.config.rows).select(names)
