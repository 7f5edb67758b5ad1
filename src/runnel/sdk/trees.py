"""Copies of SQLGlot trees and searches in them, made fast: the compiler makes tens of thousands."""

# SQLGlot types its trees in part, and notes types and more in fields without a public name.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlglot import exp

Tree = TypeVar("Tree", bound=exp.Expr)
Found = TypeVar("Found", bound=exp.Expr)


def copied(tree: Tree, swap: Callable[[exp.Expr], exp.Expr] | None = None) -> Tree:
    """Return a tree equal to `tree`, without a parent, that shares no node with it (but types noted on nodes).

    `swap` may name, for a node below the root, another one of which the copy is made instead.
    """
    try:
        return _copied(tree, swap)
    except RecursionError:
        made = tree.copy()  # the library's way needs no stack
        if swap is not None:
            made.transform(swap, copy=False)
        return made


def _copied(tree: Tree, swap: Callable[[exp.Expr], exp.Expr] | None) -> Tree:
    args: dict[str, object] = {}
    for key, value in tree.args.items():
        if isinstance(value, exp.Expr):
            args[key] = _copied(swap(value) if swap else value, swap)
        elif type(value) is list:
            args[key] = [
                _copied(swap(part) if swap else part, swap) if isinstance(part, exp.Expr) else part for part in value
            ]
        else:
            args[key] = value
    made = tree.__class__(**args)
    if tree.comments:
        made.comments = list(tree.comments)
    if tree._type is not None:
        made._type = tree._type
    if tree._meta:
        made._meta = dict(tree._meta)
    return made


def parts(tree: exp.Expr, kinds: type[Found]) -> list[Found]:
    """Return all nodes of a kind, the root included, in no promised order."""
    found: list[Found] = []
    stack: list[exp.Expr] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, kinds):
            found.append(node)
        for value in node.args.values():
            if isinstance(value, exp.Expr):
                stack.append(value)
            elif type(value) is list:
                stack.extend([part for part in value if isinstance(part, exp.Expr)])
    return found
