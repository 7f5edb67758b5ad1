"""Compare two states of a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from runnel.nodes.templates import fill
from runnel.sdk import (
    Example,
    Finding,
    Ledger,
    Node,
    NodeConfig,
    Relation,
    Streaming,
    Where,
    all_of,
    any_of,
    call,
    column,
    field,
    literal,
    sort_term,
)
from runnel.sdk.joining import JoinKeys, family, key_condition, key_findings
from runnel.sdk.names import nearest_column, resolve_column

_KINDS = ("added", "removed", "changed", "unchanged")


class Compare(Node):
    """Matches the rows of two states by key and says of each whether it was added, removed, changed or left as it was.

    `_change` holds that word and `_changed` the names of the columns that differ. Values are those of `after`, for
    removed rows those of `before`. Several rows of one key are matched in the order of their values; a NULL key
    matches nothing.
    """

    kind = "table.compare"
    title = "Compare tables"
    summary = "Find the rows that were added, removed or changed between two tables"
    group = "tables"
    icon = "diff"
    synonyms = ("diff", "difference", "changes", "added removed", "reconcile", "before after", "change data", "delta")
    streaming = Streaming.BOUNDED
    ledger = Ledger.ABSORBED
    outputs = ("output", *_KINDS)

    class Config(NodeConfig):
        """Settings of the comparison."""

        on: list[str] | dict[str, str] = field(title="Keys", help="Column names, or column of before: column of after.",
                                               widget="join_keys", min_length=1)  # fmt: skip
        columns: list[str] | None = field(None, title="Compared columns", help="All that both tables have without it.",
                                          widget="columns")  # fmt: skip
        unchanged: bool = field(False, title="Unchanged rows", help="Let `output` hold them too.")
        old_values: bool = field(False, title="Old values", help="Add `before_NAME` for every compared column.")

    examples = (
        Example(
            "Price list",
            {"on": ["sku"], "old_values": True},
            {
                "before": [
                    {"sku": "a", "price": 1, "n": 5},
                    {"sku": "b", "price": 2, "n": None},
                    {"sku": "c", "price": 3, "n": 7},
                ],
                "after": [
                    {"sku": "a", "price": 1, "n": 5},
                    {"sku": "b", "price": 4, "n": 6},
                    {"sku": "d", "price": 9, "n": 1},
                ],
            },
            {
                "output": [
                    {
                        "sku": "b",
                        "price": 4,
                        "n": 6,
                        "before_price": 2,
                        "before_n": None,
                        "_change": "changed",
                        "_changed": ["price", "n"],
                    },
                    {
                        "sku": "c",
                        "price": 3,
                        "n": 7,
                        "before_price": 3,
                        "before_n": 7,
                        "_change": "removed",
                        "_changed": [],
                    },
                    {
                        "sku": "d",
                        "price": 9,
                        "n": 1,
                        "before_price": None,
                        "before_n": None,
                        "_change": "added",
                        "_changed": [],
                    },
                ],
                "unchanged": [{"sku": "a", "price": 1, "n": 5}],
                "added": [{"sku": "d"}],
                "removed": [{"sku": "c"}],
                "changed": [{"sku": "b"}],
            },
        ),
        Example(
            "Only one column counts",
            {"on": ["id"], "columns": ["v"], "unchanged": True},
            {"before": [{"id": 1, "v": None, "t": 1}], "after": [{"id": 1, "v": None, "t": 2}]},
            {"output": [{"id": 1, "v": None, "t": 2, "_change": "unchanged", "_changed": []}]},
            types={"before": {"v": "BIGINT"}, "after": {"v": "BIGINT"}},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the keys."""
        return f"by {', '.join(config.on)}"

    def check(self, inputs: dict[str, Any]) -> Iterator[Finding]:
        """Report unknown keys and columns, and columns whose types cannot be compared."""
        before, after = inputs["before"], inputs["after"]
        yield from key_findings(before, after, self.config.on, "on")
        for index, name in enumerate(self.config.columns or ()):
            for relation in (before, after):
                if resolve_column(relation, name) is None:
                    yield nearest_column(relation, name, Where(field=f"columns.{index}"))
        for mine, theirs in self._compared(before, after).items():
            types = before.types.get(mine, ""), after.types.get(theirs, "")
            if all(types) and family(types[0]) != family(types[1]):
                what = f"`{mine}` is {types[0]} before and {types[1]} after"
                yield Finding("RNL-TYPE-011", "error", what, "Cast one of them, or leave it out of `columns`.",
                              Where(field="columns"))  # fmt: skip

    def _compared(self, before: Relation, after: Relation) -> dict[str, str]:
        """Return column of before → column of after, without the keys."""
        keys = {name.lower() for pair in JoinKeys.of(before, after, self.config.on).pairs for name in pair}
        wanted = self.config.columns if self.config.columns is not None else after.columns
        found = {
            resolve_column(before, name): resolve_column(after, name) for name in wanted if name.lower() not in keys
        }
        return {mine: theirs for mine, theirs in found.items() if mine is not None and theirs is not None}

    def relate(self, before: Relation, after: Relation) -> dict[str, Relation]:
        """Join both states in full, by key and number within the key."""
        keys = JoinKeys.of(before, after, self.config.on)
        compared = self._compared(before, after)
        sides = [
            _numbered(before, [mine for mine, _ in keys.pairs]),
            _numbered(after, [theirs for _, theirs in keys.pairs]),
        ]
        on = exp.and_(key_condition(keys), exp.EQ(this=column("__number", "l"), expression=column("__number", "r")))
        values = self._values(before, after, keys, compared)
        joined = sides[0].join(sides[1], on, {**values, **_marks(compared)}, "full")
        shown = [*values, "_change", "_changed"]
        made = {kind: joined.where(column("_change").eq(kind)).select(shown) for kind in _KINDS}
        all_rows = joined if self.config.unchanged else joined.where(column("_change").neq("unchanged"))
        return {"output": all_rows.select(shown), **made}

    def _values(
        self, before: Relation, after: Relation, keys: JoinKeys, compared: dict[str, str]
    ) -> dict[str, exp.Expr]:
        """Return the output's columns: those of `after`, then what only `before` has, then the old values."""
        gone = column("__number", "r").is_(exp.null())
        pairs = {theirs: mine for mine, theirs in keys.pairs}
        made: dict[str, exp.Expr] = {}
        for name in after.columns:
            mine = pairs.get(name) or resolve_column(before, name)
            newer = column(name, "r")
            made[name] = newer if mine is None else exp.Case().when(gone, column(mine, "l")).else_(newer)
        taken = {name.lower() for name in (*made, *pairs.values())}
        made.update({name: column(name, "l") for name in before.columns if name.lower() not in taken})
        if self.config.old_values:
            made.update({f"before_{mine}": column(mine, "l") for mine in compared})
        return made


def _numbered(relation: Relation, keys: list[str]) -> Relation:
    names = list(relation.columns)
    order = [sort_term(column(name)) for name in names if name not in keys]
    ranked = relation.ranked("__number", keys, order or [sort_term(column(name)) for name in keys])
    return Relation(columns=(*names, "__number"), query=ranked.query)


def _marks(compared: dict[str, str]) -> dict[str, exp.Expr]:
    """Return the kind of change, and the list of columns that differ."""
    differs = {
        theirs: exp.NullSafeNEQ(this=column(mine, "l"), expression=column(theirs, "r"))
        for mine, theirs in compared.items()
    }
    here = [column("__number", side).is_(exp.null()).not_() for side in ("l", "r")]
    change = (
        exp.Case().when(here[0].copy().not_(), literal("added")).when(here[1].copy().not_(), literal("removed"))
        .when(any_of(differs.values()), literal("changed")).else_(literal("unchanged"))
    )  # fmt: skip
    names = [exp.Case().when(exp.and_(all_of(here), part), literal(name)) for name, part in differs.items()]
    listed = fill(
        "list_filter(:names, lambda _rn_n: _rn_n IS NOT NULL)",
        names=call("LIST_VALUE", *names, exp.cast(exp.null(), "VARCHAR")),
    )
    return {"_change": change, "_changed": listed}
