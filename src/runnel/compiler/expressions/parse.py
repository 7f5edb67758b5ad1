"""From text to one SQLGlot tree: tokens, limits, references; nothing is checked for meaning here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from runnel.compiler.dialects.grammar import GRAMMAR, plain
from runnel.compiler.expressions import codes
from runnel.compiler.expressions.findings import Problems
from runnel.compiler.expressions.references import Values, take_references

MAX_CHARACTERS = 20_000
MAX_DEPTH = 180
MAX_NODES = 6_000
_INTERVAL = re.compile(r"\s*[-+]?\d+(\.\d+)?(\s*[A-Za-z]+)?\s*$")


@dataclass
class Parsed:
    """A parsed expression: its tree and the literals that its references stand for, by placeholder name."""

    tree: exp.Expr
    references: dict[str, exp.Expr] = field(default_factory=dict[str, exp.Expr])


def parse_expression(text: str, problems: Problems, values: Values | None = None) -> Parsed | None:
    """Parse one expression; problems are added as findings and None is returned when there is no tree to go on with."""
    if len(text) > MAX_CHARACTERS:
        what = f"the expression has {len(text):,} characters, more than {MAX_CHARACTERS:,}"
        problems.add(codes.TOO_LARGE, MAX_CHARACTERS, what, "Split it into several columns.")
        return None
    readable, references = take_references(text, values or Values(), problems)
    try:
        tokens: list[Any] = list(GRAMMAR.tokenize(readable))
        if not _fit_to_parse(tokens, problems):
            return None
        trees = GRAMMAR.parser().parse_into(exp.Condition, tokens, readable)
    except RecursionError:
        problems.add(codes.TOO_LARGE, 0, "the expression is nested too deeply", "Split it into several columns.")
        return None
    except SqlglotError as error:
        _syntax(error, problems)
        return None
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        problems.add(codes.SYNTAX, 0, f"the parser cannot read the expression ({error})", "Check brackets and quotes.")
        return None
    return _whole([tree for tree in trees if tree is not None], references, problems)


def _fit_to_parse(tokens: list[Any], problems: Problems) -> bool:
    if not tokens:
        problems.add(codes.EMPTY, 0, "the expression is empty", "Write a column, e.g. `price`, or a formula.")
        return False
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if after is not None and _interval_text(token, after) and not _INTERVAL.match(after.text):
            hint = "Write e.g. INTERVAL '3 days' or INTERVAL 3 DAYS."
            problems.add(codes.BAD_LITERAL, after.start, f"`{after.text}` is no interval with one unit", hint)
            return False
        if token.comments:
            problems.add(codes.COMMENT, token.start, "a comment stands in the expression", "Use the node's `note`.")
            return False
    return True


def _interval_text(token: Any, after: Any) -> bool:
    return token.token_type == TokenType.INTERVAL and after.token_type == TokenType.STRING


def _syntax(error: SqlglotError, problems: Problems) -> None:
    details: list[dict[str, Any]] = getattr(error, "errors", None) or [{}]
    first = details[0]
    start = len(first.get("start_context") or "")
    context = first.get("start_context") or ""
    found = problems.text.find(str(first.get("highlight") or ""), max(0, start - 1)) if context else 0
    offset = max(found, 0)
    told = str(first.get("description") or "a quote or bracket is not closed").rstrip(".")
    highlight = first.get("highlight")
    near = f" near `{highlight}`" if highlight else ""
    problems.add(
        codes.SYNTAX, offset, f"{_plain_words(told)}{near}", "Write one SQL expression, e.g. `price * quantity`."
    )


def _plain_words(told: str) -> str:
    if told.startswith("Required keyword"):
        return "an operand is missing"
    return told[:1].lower() + told[1:]


def _whole(trees: list[exp.Expr], references: dict[str, exp.Expr], problems: Problems) -> Parsed | None:
    if not trees:
        problems.add(codes.EMPTY, 0, "the expression is empty", "Write a column, e.g. `price`, or a formula.")
        return None
    if len(trees) > 1:
        problems.add(codes.NOT_ALLOWED, 0, "a second statement follows `;`", "Write one expression without `;`.")
        return None
    tree = trees[0]
    if not _measured(tree, problems):
        return None
    return Parsed(plain(tree), references)


def _measured(tree: exp.Expr, problems: Problems) -> bool:
    nodes = 0
    stack = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        nodes += 1
        if nodes > MAX_NODES or depth > MAX_DEPTH:
            problems.add(codes.TOO_LARGE, 0, "the expression is too long or too deep", "Split it into several columns.")
            return False
        stack.extend((child, depth + 1) for child in node.iter_expressions())
    return True
