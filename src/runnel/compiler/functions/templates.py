"""Building the tree of a function call: templates filled in, arguments kept apart by brackets."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp

from runnel.compiler.dialects.grammar import Tree, call, read
from runnel.compiler.functions.model import Function
from runnel.sdk.trees import copied

_ATOMS = (exp.Column, exp.Literal, exp.Paren, exp.Anonymous, exp.Cast, exp.Case, exp.Null, exp.Boolean, exp.Identifier,
          exp.Bracket, exp.Dot, exp.Array, exp.Struct, exp.Lambda, exp.Star, exp.Distinct, exp.Window, exp.Filter,
          exp.Interval, exp.Extract, exp.ToMap, exp.Var)  # fmt: skip


def bracketed(tree: Tree) -> Tree:
    """Return a tree that can stand beside any operator: in round brackets unless it needs none."""
    return tree if isinstance(tree, _ATOMS) else exp.Paren(this=tree)


def unbracketed(tree: Tree) -> Tree:
    """Return a tree without brackets around the whole."""
    while isinstance(tree, exp.Paren):
        tree = tree.this
    return tree


def build_call(function: Function, args: tuple[Tree, ...], types: tuple[str, ...]) -> Tree:
    """Return the DuckDB tree of a call of `function`; `types` are the arguments' DuckDB types."""
    given = list(args)
    kinds = list(types)
    for param in function.params[len(given) :]:
        if param.default is not None and (function.build is not None or function.kind == "scalar"):
            default = read(param.default)
            given.append(default)
            kinds.append("VARCHAR" if default.is_string else "INTEGER")
    if function.build is None:
        return call(function.name, *(unbracketed(arg) for arg in given))
    if isinstance(function.build, str):
        return _fill(function, given)
    return function.build(tuple(bracketed(arg) for arg in given), tuple(kinds))


@lru_cache(maxsize=1024)
def _template(text: str) -> Tree:
    return read(text)


def _fill(function: Function, args: list[Tree]) -> Tree:
    values = {param.name: args[index] for index, param in enumerate(function.params) if index < len(args)}
    tree = copied(_template(str(function.build)))
    for hole in list(tree.find_all(exp.Placeholder)):
        value = copied(values[hole.name])
        parent = hole.parent
        apart = not isinstance(parent, exp.Anonymous | exp.Cast | exp.Paren | exp.IgnoreNulls)
        value = bracketed(value) if apart else unbracketed(value)
        if hole is tree:
            return value
        hole.replace(value)
    return tree
