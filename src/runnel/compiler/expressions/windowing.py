"""The window of a node around every call that needs one and has none of its own."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from sqlglot import exp

from runnel.compiler.functions import names

_AROUND = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls)


def with_window(tree: exp.Expr, over: exp.Window) -> exp.Expr:
    """Return the tree with `over` around its outermost aggregate and window calls that stand without OVER."""
    return _outermost(tree, over)


def _outermost(node: exp.Expr, over: exp.Window) -> exp.Expr:
    if isinstance(node, exp.Window):
        return node
    kind = _kind(node)
    if kind is not None:
        return _windowed(node, over, kind)
    for key, value in list(node.args.items()):
        if isinstance(value, exp.Expr):
            node.set(key, _outermost(value, over))
        elif isinstance(value, list):
            node.set(key, [_outermost(part, over) if isinstance(part, exp.Expr) else part for part in value])
    return node


def _kind(node: exp.Expr) -> str | None:
    inner = node
    while isinstance(inner, _AROUND):
        inner = inner.this
    if not isinstance(inner, exp.Anonymous):
        return None
    function = names().get(inner.name.lower())
    return function.kind if function is not None and function.kind != "scalar" else None


def _windowed(node: exp.Expr, over: exp.Window, kind: str) -> exp.Window:
    made = over.copy()
    made.set("this", node.copy())
    if kind != "aggregate":
        made.set("spec", None)
    return made
