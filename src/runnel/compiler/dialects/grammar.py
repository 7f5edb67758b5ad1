"""The reading grammar: DuckDB's syntax in which every function call stays exactly as it was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.tokenizer_core import TokenType

Tree = exp.Expr

_DUCKDB: Any = DuckDB.Parser  # its tables have no element types
_KEPT_SYNTAX = ("CAST", "TRY_CAST", "EXTRACT", "SUBSTRING", "TRIM")


def call(name: str, *args: Tree) -> exp.Anonymous:
    """Return a call of the DuckDB function `name`."""
    return exp.Anonymous(this=name, expressions=list(args))


def _json_arrow(name: str) -> Callable[..., Tree]:
    def build(parser: Any, this: Tree, path: Tree | None) -> Tree:
        if path is None:
            parser.raise_error("a path must follow the arrow")
            return this
        return call(name, this, path)

    return build


class KeptCalls(DuckDB):
    """DuckDB's dialect without SQLGlot's own reading of function names.

    SQLGlot rewrites calls while reading them (arguments move, JSON paths are parsed, unknown names pass); here each
    call is an `exp.Anonymous` node with its name, so that only our own library gives it a meaning.
    """

    class Parser(DuckDB.Parser):
        """The parser of the kept-calls grammar."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parse for name, parse in _DUCKDB.FUNCTION_PARSERS.items() if name in _KEPT_SYNTAX
        }
        NO_PAREN_FUNCTIONS: ClassVar[dict[TokenType, Any]] = {}
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parse for name, parse in _DUCKDB.NO_PAREN_FUNCTION_PARSERS.items() if name in ("CASE", "IF", "MAP")
        }
        COLUMN_OPERATORS: ClassVar[dict[TokenType, Any]] = {
            **_DUCKDB.COLUMN_OPERATORS,
            TokenType.ARROW: _json_arrow("json_extract"),
            TokenType.DARROW: _json_arrow("json_extract_string"),
        }


GRAMMAR = KeptCalls()


def read(text: str) -> Tree:
    """Read one expression of trusted text (a template of ours); raises SQLGlot's ParseError."""
    found = GRAMMAR.parser().parse_into(exp.Condition, GRAMMAR.tokenize(text), text)
    tree = found[0] if len(found) == 1 else None
    if tree is None:
        raise ValueError(f"not one expression: {text}")
    return plain(tree)


def plain(tree: Tree) -> Tree:
    """Turn the nodes that SQL's special call syntax leaves (TRIM, SUBSTRING, POSITION, IF, `^`) into ordinary calls."""
    for node in reversed(list(tree.bfs())):
        new = _plain_node(node)
        if new is node:
            continue
        for key in ("line", "col", "start", "end"):
            if key in node.meta:
                new.meta[key] = node.meta[key]
        if node is tree:
            tree = new
        else:
            node.replace(new)
    return tree


def _plain_node(node: Tree) -> Tree:
    if isinstance(node, exp.Trim):
        side = str(node.args.get("position") or "BOTH").upper()
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(side, "trim")
        rest = node.args.get("expression")
        return call(name, node.this, *([rest] if rest else []))
    if isinstance(node, exp.Substring):
        parts = (node.this, node.args.get("start"), node.args.get("length"))
        return call("substring", *(part for part in parts if part is not None))
    if isinstance(node, exp.Anonymous) and node.name.lower() == "position":
        inside = node.expressions[0] if len(node.expressions) == 1 else None
        field = inside.args.get("field") if isinstance(inside, exp.In) else None
        return call("strpos", field, inside.this) if isinstance(inside, exp.In) and field is not None else node
    if isinstance(node, exp.Pow):
        return call("power", node.this, node.expression)
    if isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        branch = exp.If(this=node.this, true=node.args["true"])
        return exp.Case(ifs=[branch], default=node.args.get("false"))
    return node
