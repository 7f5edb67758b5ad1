"""Renaming a column follows it: the edits that give every later use of a column its new name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlglot.tokens import Tokenizer, TokenType

from runnel.compiler.compile import Compiled
from runnel.model.findings import Edit
from runnel.model.shapes import is_list, is_map
from runnel.sdk.fields import ColumnMark, ExpressionMark, marks_of

_NAMES = (TokenType.VAR, TokenType.IDENTIFIER)


def uses_of(before: Compiled, node: str, old: str, new: str) -> list[Edit]:
    """Return the edits that rename the uses of a column after a node, as the document was before the column was renamed.

    A use is an expression, a named column, a sort term or a key of a mapping, in the nodes that the column reaches under
    its old name; what makes a column of that name anew ends the way.
    """
    edits: list[Edit] = []
    reached = {node}
    for id, item in before.graph.nodes.items():
        sources = {edge.source for edge in before.graph.into(id)}
        if id == node or not sources & reached or id not in before.pipeline.nodes:
            continue
        path = ("nodes", id, "config")
        expressions = marks_of(type(item.config), ExpressionMark)
        named = marks_of(type(item.config), ColumnMark)
        for field, value in before.pipeline.nodes[id].config.items():
            if field in expressions:
                edits += _in_expressions((*path, field), value, old, new)
            else:
                keys = field not in named or named[field].keys
                edits += _in_names((*path, field), value, old, new, keys)
        typed = before.typed.get(id)
        if typed is not None and any(old in columns for columns in typed.schemas.values()):
            reached.add(id)
    return edits


def _in_expressions(path: tuple[str | int, ...], value: Any, old: str, new: str) -> Iterable[Edit]:
    if isinstance(value, str):
        changed = renamed(value, old, new)
        if changed != value:
            yield Edit("set", path, changed)
    elif is_map(value):
        for key, item in value.items():
            yield from _in_expressions((*path, key), item, old, new)
    elif is_list(value):
        for place, item in enumerate(value):
            yield from _in_expressions((*path, place), item, old, new)


def _in_names(path: tuple[str | int, ...], value: Any, old: str, new: str, keys: bool) -> Iterable[Edit]:
    if isinstance(value, str):
        if value in (old, f"-{old}"):
            yield Edit("set", path, value.replace(old, new))
    elif is_map(value):
        for key, item in value.items():
            yield from _in_names((*path, key), item, old, new, keys)
        if keys and old in value:
            yield Edit("rename", (*path, old), new)
    elif is_list(value):
        for place, item in enumerate(value):
            yield from _in_names((*path, place), item, old, new, keys)


def renamed(expression: str, old: str, new: str) -> str:
    """Return an expression in which a column has another name; functions, texts and fields of structs keep theirs."""
    tokens = Tokenizer().tokenize(expression)
    made = expression
    for place in range(len(tokens) - 1, -1, -1):
        token = tokens[place]
        before = tokens[place - 1].token_type if place else None
        after = tokens[place + 1].token_type if place + 1 < len(tokens) else None
        if token.token_type not in _NAMES or token.text.lower() != old.lower():
            continue
        if before == TokenType.DOT or (after == TokenType.L_PAREN and token.token_type == TokenType.VAR):
            continue
        made = made[: token.start] + quoted(new) + made[token.end + 1 :]
    return made


def quoted(name: str) -> str:
    """Return a name as an expression writes it: bare where it can stand so."""
    plain = name.isascii() and name.isidentifier() and name.lower() == name
    return name if plain else '"' + name.replace('"', '""') + '"'


def renames(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return which column took the place of which: one name gone and one new at the same position with the same type."""
    old, new = list(before), list(after)
    if len(old) != len(new):
        return []
    return [
        (gone, came)
        for gone, came in zip(old, new, strict=True)
        if gone != came and gone not in after and came not in before and before[gone] == after[came]
    ]
