"""Remove duplicates by keys, exact or similar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict
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
    Unsupported,
    Where,
    call,
    column,
    field,
    literal,
    sort_term,
)
from runnel.sdk.names import nearest_column, resolve_column


class Similarity(BaseModel):
    """When two texts count as the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: list[str] = field(help="Text columns that are compared; all must be similar.", min_length=1)
    threshold: float = field(0.9, help="From 0 (anything) to 1 (equal).", ge=0, le=1)
    method: Literal["jaro_winkler", "levenshtein"] = field("jaro_winkler", help="How likeness is measured.")
    block_by: str | None = field(None, help="Only rows with an equal value here are compared (an expression-free column).")


class Deduplicate(Node):
    """Keeps one row per key; with `similarity` rows also count as the same when their texts are alike.

    Without `order_by` the row with the smallest values stays. Similar rows are joined to the first row (in that order)
    that they resemble; a chain of resemblances is not followed.
    """

    kind = "table.deduplicate"
    title = "Remove duplicates"
    summary = "Keep one row per key, exact or similar"
    group = "rows"
    icon = "copy-minus"
    synonyms = ("dedupe", "unique", "fuzzy", "distinct", "match similar", "merge duplicates")
    streaming = Streaming.BOUNDED
    ledger = Ledger.SUBSET
    outputs = ("output", "duplicates")
    dialect_limits = {"postgres": "similar texts"}

    class Config(NodeConfig):
        """Settings of the comparison."""

        keys: Columns = field(default_factory=list, title="Keys", help="Rows with equal keys are duplicates.",
                              widget="columns")  # fmt: skip
        order_by: list[str | SortTerm] = field(default_factory=list, title="Order by", widget="sort",
                                               help="Decides which row is first: `column` or `-column`.")  # fmt: skip
        keep: Literal["first", "last"] = field("first", title="Keep", help="Which row of each key stays.")
        similarity: Similarity | None = field(None, title="Similar texts", help="Also remove rows with similar texts.")

    examples = (
        Example(
            "Newest per order",
            {"keys": ["id"], "order_by": ["-day"]},
            {"input": [{"id": 1, "day": 1}, {"id": 1, "day": 2}, {"id": 2, "day": 1}]},
            {"output": [{"id": 1, "day": 2}, {"id": 2, "day": 1}], "duplicates": [{"id": 1, "day": 1}]},
        ),
        Example(
            "Nearly the same name in the same city",
            {"similarity": {"columns": ["name"], "threshold": 0.9, "block_by": "city"}, "order_by": ["id"]},
            {"input": [{"id": 1, "name": "Miller Ltd", "city": "Bonn"}, {"id": 2, "name": "Miler Ltd", "city": "Bonn"},
                       {"id": 3, "name": "Miller Ltd", "city": "Köln"}]},
            {"output": [{"id": 1, "name": "Miller Ltd", "city": "Bonn"}, {"id": 3, "name": "Miller Ltd", "city": "Köln"}],
             "duplicates": [{"id": 2, "name": "Miler Ltd", "city": "Bonn"}]},
        ),
    )  # fmt: skip

    @classmethod
    def dialects_of(cls, config: Config) -> Mapping[str, Unsupported]:
        """Only equal keys."""
        reason = "PostgreSQL does not measure the likeness of texts by itself"
        return {"postgres": Unsupported(reason)} if config.similarity is not None else {}

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say by what."""
        if config.similarity:
            return f"similar {', '.join(config.similarity.columns)} (≥ {config.similarity.threshold:g})"
        return f"one row per {', '.join(config.keys)}, {config.keep}"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report missing keys and unknown columns."""
        relation = inputs["input"]
        if not self.config.keys and not self.config.similarity:
            yield Finding("RNL-CONFIG-002", "error", "neither `keys` nor `similarity` says what a duplicate is",
                          "Name the columns that must be equal.", Where(field="keys"))  # fmt: skip
        for index, key in enumerate(map(sort_key, self.config.order_by)):
            if resolve_column(relation, key.column) is None:
                yield nearest_column(relation, key.column, Where(field=f"order_by.{index}"))
        if self.config.similarity:
            block = self.config.similarity.block_by
            for name in [*self.config.similarity.columns, *([block] if block else [])]:
                if resolve_column(relation, name) is None:
                    yield nearest_column(relation, name, Where(field="similarity.columns"))

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Number the rows of each key; the first stays."""
        if self.config.similarity:
            return self._similar(input, self.config.similarity)
        ranked = input.ranked("__rank", self.bound["keys"], self._order(input))
        names = list(input.columns)
        return {
            "output": ranked.where(column("__rank").eq(1)).select(names),
            "duplicates": ranked.where(column("__rank") > 1).select(names),
        }

    def _order(self, input: Relation) -> list[exp.Expr]:
        flipped = self.config.keep == "last"
        named = [sort_key(term) for term in self.config.order_by]
        terms: list[exp.Expr] = [
            sort_term(column(resolve_column(input, key.column) or key.column),
                      (key.order == "descending") != flipped, key.nulls)
            for key in named
        ]  # fmt: skip
        used = {key.column for key in named}
        terms += [sort_term(column(name), flipped) for name in input.columns if name not in used]
        return terms

    def _similar(self, input: Relation, similarity: Similarity) -> dict[str, Relation]:
        """A row is a duplicate when an earlier row (in the order) is similar to it."""
        numbered = input.ranked("__row", [], self._order(input))
        names = list(input.columns)
        mine = Relation.of(numbered.query, [*names, "__row"])  # type: ignore[arg-type]
        conditions: list[exp.Expr] = [column("__row", "r") < column("__row", "l")]
        for key in [*self.bound["keys"], *([similarity.block_by] if similarity.block_by else [])]:
            exact = resolve_column(input, key) or key
            conditions.append(exp.NullSafeEQ(this=column(exact, "l"), expression=column(exact, "r")))
        for name in similarity.columns:
            exact = resolve_column(input, name) or name
            likeness = _likeness(similarity.method, column(exact, "l"), column(exact, "r"))
            conditions.append(likeness >= literal(similarity.threshold))
        kept = {name: column(name, "l") for name in names}
        on = exp.and_(*conditions)
        return {"output": mine.join(mine, on, kept, "anti"), "duplicates": mine.join(mine, on, kept, "semi")}


def _likeness(method: str, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    lowered = [call("LOWER", exp.cast(side, "VARCHAR")) for side in (left, right)]
    if method == "jaro_winkler":
        return call("JARO_WINKLER_SIMILARITY", *lowered)
    longest = call("GREATEST", call("LENGTH", lowered[0]), call("LENGTH", lowered[1]), 1)
    distance = call("LEVENSHTEIN", *lowered)
    return exp.Sub(this=exp.Literal.number(1), expression=exp.Paren(this=exp.Div(this=distance, expression=longest)))
