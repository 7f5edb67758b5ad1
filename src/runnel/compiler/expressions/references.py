"""`${params.x}`, `${env.X}` and `${secrets.x}` in an expression: found outside quotes, put in as typed literals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from runnel.compiler.expressions import codes
from runnel.compiler.expressions.findings import Problems, nearest
from runnel.compiler.expressions.types import PARAMETER_TYPES, literal

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_INSIDE = re.compile(r"(params|env|secrets)\.([^:{}]+?)(?::-(.*))?$", re.DOTALL)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")


@dataclass(frozen=True)
class Values:
    """What references may be replaced by: parameters with their types, and the allowed environment."""

    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    param_types: Mapping[str, str] = field(default_factory=dict[str, str])
    env: Mapping[str, str] = field(default_factory=dict[str, str])


def take_references(text: str, values: Values, problems: Problems) -> tuple[str, dict[str, exp.Expr]]:
    """Replace each reference outside quotes by a placeholder name of the same length; returns text and literals."""
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    found: dict[str, exp.Expr] = {}

    def swap(match: re.Match[str]) -> str:
        if any(start < match.start() < end for start, end in quoted):
            problems.add(
                codes.REFERENCE_IN_QUOTES, match.start(),
                f"`{match[0]}` stands inside quotes, where it is plain text",
                "Write it without quotes; text values become quoted literals by themselves.", severity="warning",
            )  # fmt: skip
            return match[0]
        name = _placeholder(text, len(found), len(match[0]))
        found[name] = _value(match, values, problems)
        return name

    return _REFERENCE.sub(swap, text), found


def _placeholder(text: str, number: int, length: int) -> str:
    stem = f"_r{number}"
    while True:
        name = stem.ljust(length, "_")
        if name not in text:
            return name
        stem += "x"


def _value(match: re.Match[str], values: Values, problems: Problems) -> exp.Expr:
    inside = _INSIDE.match(match[1].strip())
    if inside is None:
        hint = "Write ${params.name}, ${env.NAME} or ${env.NAME:-default}."
        problems.add(codes.REFERENCE, match.start(), f"`{match[0]}` is no reference that expressions know", hint)
        return exp.Null()
    space, name, default = inside[1], inside[2].strip(), inside[3]
    if space == "secrets":
        hint = "Use the secret in a connection or another field marked secret."
        problems.add(codes.SECRET, match.start(), f"`{match[0]}`: a secret never reaches SQL", hint)
        return exp.Null()
    if space == "env":
        return _environment(match, name, default, values, problems)
    if name not in values.params:
        known = ", ".join(values.params) or "none are declared"
        hint = f"{nearest(name, values.params)}Parameters: {known}."
        problems.add(codes.REFERENCE, match.start(), f"no parameter `{name}`", hint)
        return exp.Null()
    try:
        return literal(values.params[name], _parameter_type(values, name))
    except (ValueError, ArithmeticError) as error:
        problems.add(codes.REFERENCE, match.start(), f"parameter `{name}`: {error}", "Give it a value of its type.")
        return exp.Null()


def _parameter_type(values: Values, name: str) -> str | None:
    kind = values.param_types.get(name)
    if kind is None or kind in ("list", "enum") or kind.startswith("list"):
        return None
    if kind == "decimal":
        return "DECIMAL"
    return PARAMETER_TYPES.get(kind, kind)


def _environment(match: re.Match[str], name: str, default: str | None, values: Values, problems: Problems) -> exp.Expr:
    value = values.env.get(name, default)
    if value is None:
        hint = "Set it, allow it for this server, or write ${env." + name + ":-default}."
        problems.add(codes.REFERENCE, match.start(), f"the environment has no variable `{name}` that may be read", hint)
        return exp.Null()
    return exp.Literal.string(value)
