"""Conditions of rules (field, operator, value; and, or, not) as expressions; values compare as JSON values."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from runnel.nodes.flow.rule_models import Condition
from runnel.nodes.flow.rule_text import Fields, RuleError, literal, text

Build = Callable[[str, Any], str]


def _compared(sign: str) -> Build:
    return lambda field, value: f"{field} {sign} {literal(value)}"


def _equals(field: str, value: Any) -> str:
    return f"{field} IS NULL" if value is None else f"{field} = {literal(value)}"


def _differs(field: str, value: Any) -> str:
    return f"{field} IS NOT NULL" if value is None else f"{field} IS DISTINCT FROM {literal(value)}"


def _several(field: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise RuleError(
            f"the condition on {field} compares with {value!r}, which is no list", "Write a list of values."
        )
    return value


def _among(field: str, value: Any) -> str:
    values = _several(field, value)
    known = [literal(part) for part in values if part is not None]
    parts = [f"{field} IN ({', '.join(known)})"] if known else []
    parts += [f"{field} IS NULL"] if None in values else []
    return "(" + " OR ".join(parts) + ")"


def _not(build: Build) -> Build:
    """A field that is missing does not contain, match or equal anything."""
    return lambda field, value: f"coalesce(NOT ({build(field, value)}), TRUE)"


def _between(field: str, value: Any) -> str:
    values = _several(field, value)
    if len(values) != 2:
        raise RuleError(f"`between` on {field} has {len(values)} values", "Write two: the lowest and the highest.")
    return f"{field} BETWEEN {literal(values[0])} AND {literal(values[1])}"


def _called(name: str) -> Build:
    return lambda field, value: f"{name}({field}, {text(str(value))})"


OPERATORS: dict[str, Build] = {
    "equals": _equals,
    "not_equals": _differs,
    "greater_than": _compared(">"),
    "greater_than_or_equal": _compared(">="),
    "less_than": _compared("<"),
    "less_than_or_equal": _compared("<="),
    "in": _among,
    "not_in": _not(_among),
    "between": _between,
    "contains": _called("contains"),
    "not_contains": _not(_called("contains")),
    "starts_with": _called("starts_with"),
    "ends_with": _called("ends_with"),
    "matches": _called("regex_matches"),
    "not_matches": _not(_called("regex_matches")),
    "is_null": lambda field, value: f"{field} IS NULL",
    "is_not_null": lambda field, value: f"{field} IS NOT NULL",
    "is_empty": lambda field, value: f"coalesce({field}, '') = ''",
    "is_not_empty": lambda field, value: f"coalesce({field}, '') <> ''",
    "is_true": lambda field, value: f"{field} IS TRUE",
    "is_false": lambda field, value: f"{field} IS FALSE",
}
_ALIASES = {
    "eq": "equals", "==": "equals", "=": "equals", "equal": "equals", "is": "equals",
    "ne": "not_equals", "neq": "not_equals", "!=": "not_equals", "<>": "not_equals", "not_equal": "not_equals",
    "gt": "greater_than", ">": "greater_than", "lt": "less_than", "<": "less_than",
    "gte": "greater_than_or_equal", ">=": "greater_than_or_equal", "greater_or_equal": "greater_than_or_equal",
    "greater_than_or_equals": "greater_than_or_equal",
    "lte": "less_than_or_equal", "<=": "less_than_or_equal", "less_or_equal": "less_than_or_equal",
    "less_than_or_equals": "less_than_or_equal",
    "exists": "is_not_null", "not_exists": "is_null", "not_null": "is_not_null", "regex": "matches",
}  # fmt: skip


def condition_text(condition: Condition, fields: Fields) -> str:
    """Return the expression of a condition; groups are joined by their word."""
    parts: list[str] = []
    if condition.field is not None:
        parts.append(_single(condition, fields))
    groups = [(condition.all, "AND"), (condition.any, "OR")]
    if condition.conditions:
        groups.append((condition.conditions, condition.logic.upper()))
    for members, word in groups:
        if members:
            parts.append("(" + f" {word} ".join(f"({condition_text(part, fields)})" for part in members) + ")")
    if condition.negated is not None:
        parts.append(f"coalesce(NOT ({condition_text(condition.negated, fields)}), TRUE)")
    if not parts:
        raise RuleError("a condition names no field", "Write `field`, `operator` and `value`, or a group `and`, `or`.")
    return " AND ".join(parts)


def _single(condition: Condition, fields: Fields) -> str:
    wanted = condition.operator.strip().lower()
    name = _ALIASES.get(wanted, wanted)
    build = OPERATORS.get(name)
    if build is None:
        close = difflib.get_close_matches(name, OPERATORS, n=1)
        hint = (f"Did you mean `{close[0]}`? " if close else "") + f"Operators: {', '.join(OPERATORS)}."
        raise RuleError(f"there is no operator `{condition.operator}`", hint)
    return build(fields.read(str(condition.field)), condition.value)
