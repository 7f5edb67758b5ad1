"""The shape of JSON records: structures of many records merged into one, and the DuckDB types they become."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Tree = Any
"""A leaf type as text, a list with one tree, or a mapping key → tree (the form of DuckDB's `json_structure`)."""

_WHOLE = {"UBIGINT", "BIGINT", "HUGEINT"}


@dataclass
class Merged:
    """The merged structure; `optional` says that some record lacks a key, `mixed` lists paths of mixed kinds.

    `blended` says that a DOUBLE has integers in some records.
    """

    tree: Tree
    optional: bool
    mixed: list[str]
    blended: bool = False


def merge(trees: Iterable[Tree]) -> Merged:
    """Merge the structures of records."""
    state = Merged("NULL", False, [])
    for tree in trees:
        state.tree = _merged(state.tree, tree, "", state)
    state.tree = _clean(state.tree, state, "")
    return state


def _merged(one: Tree, other: Tree, path: str, state: Merged) -> Tree:
    if one == "NULL" or one == other:
        return other
    if other == "NULL":
        return one
    if isinstance(one, dict) and isinstance(other, dict):
        return _objects(one, other, path, state)
    if isinstance(one, list) and isinstance(other, list):
        return [_merged(one[0], other[0], path + "[]", state)]
    return _leaves(one, other, path, state)


def _objects(one: dict[str, Tree], other: dict[str, Tree], path: str, state: Merged) -> Tree:
    if one.keys() != other.keys():
        state.optional = True
    made = dict(one)
    for key, tree in other.items():
        made[key] = _merged(made[key], tree, f"{path}.{key}", state) if key in made else tree
    return made


def _leaves(one: Tree, other: Tree, path: str, state: Merged) -> Tree:
    if "JSON" in (one, other) and (isinstance(one, dict) or isinstance(other, dict)):
        state.optional = True
        return one if isinstance(one, dict) else other
    if path not in state.mixed and not (_number(one) and _number(other)):
        state.mixed.append(path)
    if not (isinstance(one, str) and isinstance(other, str)) or "JSON" in (one, other):
        return "JSON"
    if _number(one) and _number(other):
        state.blended |= "DOUBLE" in (one, other)
        return "DOUBLE" if "DOUBLE" in (one, other) else "BIGINT"
    return "VARCHAR"


def _number(tree: Tree) -> bool:
    return isinstance(tree, str) and (tree in _WHOLE or tree == "DOUBLE" or tree.startswith("DECIMAL"))


def _clean(tree: Tree, state: Merged, path: str) -> Tree:
    """Give leaves their final types; objects that no struct can hold become JSON."""
    if isinstance(tree, dict):
        if not tree or not _nameable(tree):
            return "JSON"
        return {key: _clean(part, state, f"{path}.{key}") for key, part in tree.items()}
    if isinstance(tree, list):
        return [_clean(tree[0], state, path + "[]")]
    return {"NULL": "JSON", "UBIGINT": "BIGINT", "HUGEINT": "BIGINT"}.get(tree, tree)


def _nameable(tree: Mapping[str, Tree]) -> bool:
    """Tell whether DuckDB can hold the keys as names of one struct: none empty, none equal but for case."""
    lower = {key.lower() for key in tree}
    return len(lower) == len(tree) and all(key and "\x00" not in key for key in tree)


def type_text(tree: Tree) -> str:
    """Return the DuckDB type of a merged structure."""
    if isinstance(tree, dict):
        fields = ", ".join(f'"{key.replace(chr(34), chr(34) * 2)}" {type_text(part)}' for key, part in tree.items())
        return f"STRUCT({fields})"
    if isinstance(tree, list):
        return type_text(tree[0]) + "[]"
    return str(tree)


def replaced(tree: Tree, path: tuple[str, ...], type: str) -> Tree:
    """Return the structure with another type at a path (`[]` steps into a list)."""
    if not path:
        return type
    if path[0] == "[]" and isinstance(tree, list):
        return [replaced(tree[0], path[1:], type)]
    if isinstance(tree, dict) and path[0] in tree:
        return {key: replaced(part, path[1:], type) if key == path[0] else part for key, part in tree.items()}
    return tree


@dataclass
class Wide:
    """Numbers that a type must be widened for: path → (digits before, digits after the point).

    `beyond` are those that neither BIGINT nor DOUBLE holds, `whole` integers of BIGINT that DOUBLE does not hold.
    """

    beyond: dict[tuple[str, ...], tuple[int, int]] = field(default_factory=dict)
    whole: dict[tuple[str, ...], tuple[int, int]] = field(default_factory=dict)

    def add(self, line: str) -> None:
        """Take in the numbers of a record, digit by digit as they stand; a number with an exponent counts as a DOUBLE."""
        self._walk(json.loads(line, parse_int=_Number, parse_float=_Number), ())

    def _walk(self, value: Any, path: tuple[str, ...]) -> None:
        if isinstance(value, _Number):
            self._number(value, path)
        elif isinstance(value, dict):
            for key, part in value.items():
                self._walk(part, (*path, key))
        elif isinstance(value, list):
            for part in value:
                self._walk(part, (*path, "[]"))

    def _number(self, number: str, path: tuple[str, ...]) -> None:
        before, _, after = number.lstrip("-").partition(".")
        if len(before) + len(after) <= _SAFE_DIGITS or "e" in number.lower():
            return
        if after:
            if Decimal(repr(float(number))) != Decimal(number):
                enlarge(self.beyond, path, len(before), len(after))
        elif not -(2**63) <= int(number) < 2**63:
            enlarge(self.beyond, path, len(before), 0)
        elif int(float(number)) != int(number):
            enlarge(self.whole, path, len(before), 0)


_SAFE_DIGITS = 15
"""So many digits of a number survive DOUBLE, whatever they are."""


class _Number(str):
    """The digits of a number as they stand."""


def enlarge(sizes: dict[tuple[str, ...], tuple[int, int]], path: tuple[str, ...], before: int, after: int) -> None:
    """Make the room noted for the numbers at a path large enough for one more."""
    known = sizes.get(path, (0, 0))
    sizes[path] = (max(known[0], before), max(known[1], after))


def at_path(tree: Tree, path: tuple[str, ...]) -> Tree | None:
    """Return the structure at a path, None where it ends before."""
    for step in path:
        if step == "[]" and isinstance(tree, list):
            tree = tree[0]
        elif isinstance(tree, dict) and step in tree:
            tree = tree[step]
        else:
            return None
    return tree


def leaves(tree: Tree) -> list[str]:
    """Return the types of all leaves."""
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in leaves(part)]
    return leaves(tree[0]) if isinstance(tree, list) else [str(tree)]


def listed(tree: Tree) -> list[str]:
    """Return the types of all leaves inside lists."""
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in listed(part)]
    return leaves(tree[0]) if isinstance(tree, list) else []


def shared(old: str, wanted: str) -> str:
    """Return a type without the fields that another one lacks, so that leaving them out is no loss of a value."""
    if "STRUCT" not in old or "STRUCT" not in wanted:
        return old
    from sqlglot import exp

    one, other = (exp.DataType.build(text, dialect="duckdb") for text in (old, wanted))
    return _shared(one, other).sql("duckdb")


def _shared(old: Any, wanted: Any) -> Any:
    if old.this != wanted.this or len(old.expressions) == 0:
        return old
    made = old.copy()
    if old.this.name == "STRUCT":
        kinds = {part.name.lower(): part.args["kind"] for part in wanted.expressions}
        parts = [part for part in made.expressions if part.name.lower() in kinds]
        for part in parts:
            part.set("kind", _shared(part.args["kind"], kinds[part.name.lower()]))
        made.set("expressions", parts or made.expressions)
    elif old.this.name in ("ARRAY", "LIST", "MAP"):
        pairs = zip(made.expressions, wanted.expressions, strict=False)
        made.set("expressions", [_shared(part, to) for part, to in pairs])
    return made
