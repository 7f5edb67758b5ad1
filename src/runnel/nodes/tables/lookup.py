"""Bring columns of another table to each row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from runnel.sdk import Example, Finding, Ledger, Node, NodeConfig, Relation, Where, column, field, literal, sort_term
from runnel.sdk.joining import JoinKeys, key_condition, key_findings
from runnel.sdk.names import nearest_column, resolve_column


class Lookup(Node):
    """Adds columns of the table `lookup` to each row by its keys; every row of `input` goes on exactly once.

    Where several rows of `lookup` have the key, the one with the smallest values is taken. A row without a match gets
    the default values, or NULL.
    """

    kind = "table.lookup"
    title = "Look up values"
    summary = "Add columns of another table by key; every row goes on once"
    group = "tables"
    icon = "book-open"
    synonyms = ("vlookup", "xlookup", "enrich", "map values", "dictionary", "reference data")
    ledger = Ledger.SIDE

    class Config(NodeConfig):
        """Settings of the lookup."""

        on: list[str] | dict[str, str] = field(
            title="Keys", help="Column names, or column: lookup column.", widget="join_keys"
        )
        columns: list[str] | dict[str, str] | None = field(
            None, title="Columns", widget="columns", help="Columns to add (or lookup column: new name); all without it."
        )
        defaults: dict[str, str | int | float | bool] = field(
            default_factory=dict, title="Defaults", help="Column: value for rows without a match."
        )

    examples = (
        Example(
            "Country names",
            {"on": {"code": "iso"}, "columns": ["name"], "defaults": {"name": "unknown"}},
            {
                "input": [{"id": 1, "code": "DE"}, {"id": 2, "code": "XX"}],
                "lookup": [{"iso": "DE", "name": "Germany"}, {"iso": "DE", "name": "Germany (again)"}],
            },
            {"output": [{"id": 1, "code": "DE", "name": "Germany"}, {"id": 2, "code": "XX", "name": "unknown"}]},
        ),
    )

    @classmethod
    def refuses_stream(cls, config: Config, unbounded: frozenset[str]) -> str | None:
        """Not with a lookup table without end."""
        return "the lookup table never ends; stream.join joins two streams within a time" if "lookup" in unbounded else None

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the keys."""
        return "by " + ", ".join(config.on)

    def check(self, inputs: dict[str, Any]) -> Iterator[Finding]:
        """Report unknown keys and columns, and names that are taken."""
        yield from key_findings(inputs["input"], inputs["lookup"], self.config.on, "on")
        taken = {name.lower() for name in inputs["input"].columns}
        for source, name in self._added(inputs["lookup"]).items():
            if resolve_column(inputs["lookup"], source) is None:
                yield nearest_column(inputs["lookup"], source, Where(field="columns"))
            elif name.lower() in taken:
                what = f"there is a column `{name}` already"
                yield Finding(
                    "RNL-COLUMN-002",
                    "error",
                    what,
                    f"Write `columns: {{{source}: other_name}}`.",
                    Where(field="columns"),
                )

    def _added(self, lookup: Relation) -> dict[str, str]:
        wanted = self.config.columns
        if wanted is None:
            on = self.config.on
            keys = {key.lower() for key in (on.values() if isinstance(on, dict) else on)}
            return {name: name for name in lookup.columns if name.lower() not in keys}
        return dict(wanted) if isinstance(wanted, dict) else {name: name for name in wanted}

    def relate(self, input: Relation, lookup: Relation) -> Relation:
        """Join with one row per key."""
        keys = JoinKeys.of(input, lookup, self.config.on)
        theirs = list(dict.fromkeys(key for _, key in keys.pairs))
        added = {resolve_column(lookup, source) or source: name for source, name in self._added(lookup).items()}
        order = [sort_term(column(name)) for name in lookup.columns if name not in theirs]
        first = lookup.ranked("__rank", theirs, order).where(column("__rank").eq(1))
        needed = list(dict.fromkeys([*theirs, *added]))
        made: dict[str, exp.Expr] = {name: column(name, "l") for name in input.columns}
        for source, name in added.items():
            value: exp.Expr = column(source, "r")
            if name in self.config.defaults:
                matched = column(theirs[0], "r").is_(exp.null()).not_()
                value = exp.Case().when(matched, value).else_(literal(self.config.defaults[name]))
            made[name] = value
        return input.join(first.select(needed), key_condition(keys), made, "left")
