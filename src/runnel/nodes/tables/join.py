"""Join two tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from sqlglot import exp

from runnel.sdk import Example, Finding, Ledger, Node, NodeConfig, Relation, Unsupported, Where, column, field
from runnel.sdk.joining import JoinKeys, combined_columns, key_condition, key_findings
from runnel.sdk.names import nearest_column, resolve_column


class Join(Node):
    """Pairs rows of two tables whose keys are equal; NULL keys match nothing."""

    kind = "table.join"
    title = "Join tables"
    summary = "Match rows of two tables by their keys"
    group = "tables"
    icon = "merge"
    synonyms = ("merge", "combine", "match", "vlookup", "enrich", "inner join", "left join", "as of")
    ledger = Ledger.ABSORBED
    dialect_limits = {"postgres": "as-of joins"}

    class Config(NodeConfig):
        """Settings of the join."""

        how: Literal["inner", "left", "right", "full", "semi", "anti", "cross", "asof"] = field(
            "inner", title="Keep", help="Which rows stay: both sides, all of one side, all, or pairs in time (asof)."
        )
        on: list[str] | dict[str, str] = field(
            default_factory=list, title="Keys", help="Column names, or left column: right column.", widget="join_keys"
        )
        order: str | dict[str, str] | None = field(
            None, title="Time column", help="asof only: the column (left: right) whose nearest earlier row matches."
        )
        suffix: str = field("_right", title="Suffix", help="For right columns whose name the left side has too.")

    examples = (
        Example(
            "Orders with country",
            {"how": "left", "on": ["customer"]},
            {"left": [{"id": 1, "customer": 7}, {"id": 2, "customer": 9}], "right": [{"customer": 7, "country": "DE"}]},
            {"output": [{"id": 1, "customer": 7, "country": "DE"}, {"id": 2, "customer": 9, "country": None}]},
        ),
        Example(
            "Price at the time of the order",
            {"how": "asof", "on": ["sku"], "order": "t"},
            {"left": [{"sku": "a", "t": 5}], "right": [{"sku": "a", "t": 1, "price": 10}, {"sku": "a", "t": 4, "price": 12}]},
            {"output": [{"sku": "a", "t": 5, "price": 12, "t_right": 4}]},
        ),
    )

    @classmethod
    def dialects_of(cls, config: Config) -> Mapping[str, Unsupported]:
        """Not as-of joins."""
        return {"postgres": Unsupported("PostgreSQL has no as-of join")} if config.how == "asof" else {}

    @classmethod
    def refuses_stream(cls, config: Config, unbounded: frozenset[str]) -> str | None:
        """Not with rows without end on both sides, or on the side whose unmatched rows wait for the end."""
        if len(unbounded) > 1:
            return "both sides never end; stream.join joins them within a time"
        kept = {"left": "left", "semi": "left", "anti": "left", "asof": "left", "right": "right"}.get(config.how)
        if config.how == "full" or (kept is not None and kept not in unbounded):
            return f"a {config.how} join gives a row only when it has seen all rows of the side that never ends"
        return None

    @classmethod
    def describe(cls, config: Config) -> str:
        """Show kind and keys."""
        return f"{config.how} on {', '.join(config.on)}" if config.on else config.how

    @classmethod
    def ledger_of(cls, config: Config) -> Ledger:
        """Semi, anti and as-of joins pass rows of the left side on; the others make new rows of pairs."""
        return Ledger.SIDE if config.how in ("semi", "anti", "asof") else Ledger.ABSORBED

    def check(self, inputs: dict[str, Any]) -> Iterator[Finding]:
        """Report unknown keys, keys of different kinds, and missing settings."""
        left, right = inputs["left"], inputs["right"]
        how = self.config.how
        if how != "cross" and not self.config.on and not (how == "asof" and self.config.order):
            yield Finding("RNL-CONFIG-002", "error", f"a {how} join needs `on`, which names no column",
                          "Name the columns that both tables share.", Where(field="on"))  # fmt: skip
        yield from key_findings(left, right, self.config.on, "on")
        if how == "asof":
            yield from self._check_order(left, right)

    def _check_order(self, left: Relation, right: Relation) -> Iterator[Finding]:
        if not self.config.order:
            yield Finding("RNL-CONFIG-002", "error", "an as-of join needs `order`, the column that says when",
                          "Name the time column of both tables.", Where(field="order"))  # fmt: skip
            return
        mine, theirs = _pair(self.config.order)
        for relation, name in ((left, mine), (right, theirs)):
            if resolve_column(relation, name) is None:
                yield nearest_column(relation, name, Where(field="order"))

    def relate(self, left: Relation, right: Relation) -> Relation:
        """Join by equality of the keys."""
        how = self.config.how
        if how == "cross":
            return left.join(right, None, combined_columns(left, right, (), self.config.suffix), "cross")
        keys = JoinKeys.of(left, right, self.config.on)
        if how in ("semi", "anti"):
            return _exists(left, right, keys, how)
        if how == "asof":
            return self._as_of(left, right, keys)
        merged = keys.merged(how)
        columns = combined_columns(left, right, keys, self.config.suffix, merged)
        return left.join(right, key_condition(keys), columns, how)

    def _as_of(self, left: Relation, right: Relation, keys: JoinKeys) -> Relation:
        mine, theirs = _pair(self.config.order or "")
        mine, theirs = resolve_column(left, mine) or mine, resolve_column(right, theirs) or theirs
        condition = exp.GTE(this=column(mine, "l"), expression=column(theirs, "r"))
        on = exp.and_(key_condition(keys), condition) if keys.pairs else condition
        columns = combined_columns(left, right, keys, self.config.suffix, keys.merged("left"))
        made = left.join(right, on, columns, "left")
        query = made.as_query()
        query.args["joins"][0].set("method", "ASOF")
        return Relation.of(query, made.columns)


def _pair(order: str | dict[str, str]) -> tuple[str, str]:
    if isinstance(order, str):
        return order, order
    return next(iter(order.items()), ("", ""))


def _exists(left: Relation, right: Relation, keys: JoinKeys, how: str) -> Relation:
    columns = {name: column(name, "l") for name in left.columns}
    return left.join(right, key_condition(keys), columns, how)
