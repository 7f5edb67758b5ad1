"""Join keys: pairs of columns, their strict comparison, and the columns of the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from runnel.model.findings import Finding, Where
from runnel.sdk.names import nearest_column, resolve_column
from runnel.sdk.relation import Relation, all_of, call, column

_FAMILIES = (
    ("text", ("VARCHAR", "ENUM")),
    ("number", ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
                "UHUGEINT", "DECIMAL", "FLOAT", "DOUBLE")),
    ("boolean", ("BOOLEAN",)),
    ("time", ("DATE", "TIMESTAMP")),
)  # fmt: skip


def family(type: str) -> str:
    """Return text, number, boolean, time, or the type itself."""
    if type.endswith("]"):
        return type
    for name, starts in _FAMILIES:
        if type.startswith(starts):
            return name
    return type


@dataclass(frozen=True)
class JoinKeys:
    """Pairs of exact column names (left, right)."""

    pairs: tuple[tuple[str, str], ...]

    @staticmethod
    def of(left: Relation, right: Relation, on: Sequence[str] | Mapping[str, str]) -> JoinKeys:
        """Resolve the names of `on`; names that do not exist were reported before."""
        named = list(on.items()) if isinstance(on, Mapping) else [(name, name) for name in on]
        return JoinKeys(tuple((resolve_column(left, a) or a, resolve_column(right, b) or b) for a, b in named))

    def merged(self, how: str) -> dict[str, exp.Expr]:
        """Return left key column → the expression that holds the key for rows of either side."""
        made: dict[str, exp.Expr] = {}
        for mine, theirs in self.pairs:
            if how == "right":
                made[mine] = column(theirs, "r")
            elif how == "full":
                made[mine] = call("COALESCE", column(mine, "l"), column(theirs, "r"))
            else:
                made[mine] = column(mine, "l")
        return made


def key_condition(keys: JoinKeys) -> exp.Expr:
    """Return the condition that all keys are equal."""
    return all_of(exp.EQ(this=column(mine, "l"), expression=column(theirs, "r")) for mine, theirs in keys.pairs)


def combined_columns(
    left: Relation,
    right: Relation,
    keys: JoinKeys | tuple[()],
    suffix: str,
    merged: Mapping[str, exp.Expr] | None = None,
) -> dict[str, exp.Expr]:
    """Return the columns of a join: the left ones, then the right ones without keys of the same name.

    A right column whose name is taken gets the suffix, as often as needed.
    """
    merged = merged or {}
    made: dict[str, exp.Expr] = {name: merged.get(name, column(name, "l")) for name in left.columns}
    same = {theirs for mine, theirs in (keys.pairs if keys else ()) if mine.lower() == theirs.lower()}
    taken = {name.lower() for name in made}
    for name in right.columns:
        if name in same:
            continue
        final = name
        while final.lower() in taken:
            final += suffix or "_right"
        taken.add(final.lower())
        made[final] = column(name, "r")
    return made


def key_findings(
    left: Relation, right: Relation, on: Sequence[str] | Mapping[str, str], where: str
) -> Iterator[Finding]:
    """Yield findings for keys that do not exist or that compare text with numbers."""
    named = list(on.items()) if isinstance(on, Mapping) else [(name, name) for name in on]
    for index, (mine, theirs) in enumerate(named):
        place = Where(field=f"{where}.{mine if isinstance(on, Mapping) else index}")
        a, b = resolve_column(left, mine), resolve_column(right, theirs)
        if a is None:
            yield nearest_column(left, mine, place)
        if b is None:
            yield nearest_column(right, theirs, place)
        if a is None or b is None:
            continue
        types = left.types.get(a, ""), right.types.get(b, "")
        if all(types) and family(types[0]) != family(types[1]):
            what = f"the key `{a}` is {types[0]} on the left and `{b}` is {types[1]} on the right"
            hint = f"Put a table.cast before the join, e.g. `columns: {{{b}: {types[0]}}}` on the right side."
            yield Finding("RNL-TYPE-010", "error", what, hint, place)
