"""What a function of the expression language is: names, meaning in words, typed parameters, and how it is built."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from runnel.compiler.dialects.types import Family, family

Kind = Literal["scalar", "aggregate", "window"]
MayFail = bool | Callable[[tuple[str, ...]], bool]
Builder = Callable[[tuple[Any, ...], tuple[str, ...]], Any]

_EVERYTHING = frozenset(
    [
        "text",
        "integer",
        "decimal",
        "double",
        "boolean",
        "date",
        "time",
        "timestamp",
        "timestamptz",
        "interval",
        "json",
        "uuid",
        "binary",
        "enum",
        "list",
        "struct",
        "map",
        "null",
        "unknown",
    ]
)
_FAMILIES: dict[str, frozenset[str]] = {
    "text": frozenset({"text", "enum"}),
    "integer": frozenset({"integer"}),
    "number": frozenset({"integer", "decimal", "double"}),
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date"}),
    "timestamp": frozenset({"timestamp", "date"}),
    "timestamptz": frozenset({"timestamptz"}),
    "instant": frozenset({"timestamp", "timestamptz", "date"}),
    "time": frozenset({"time"}),
    "interval": frozenset({"interval"}),
    "json": frozenset({"json"}),
    "jsontext": frozenset({"json", "text"}),
    "list": frozenset({"list"}),
    "struct": frozenset({"struct"}),
    "map": frozenset({"map"}),
    "binary": frozenset({"binary"}),
    "uuid": frozenset({"uuid"}),
    "any": _EVERYTHING,
    "same": _EVERYTHING,
    "lambda": frozenset({"unknown"}),
}

SAME = "same"


@dataclass(frozen=True)
class Unsupported:
    """A declared no: the operation does not exist with DuckDB's meaning on that dialect, and why."""

    reason: str


@dataclass(frozen=True)
class Param:
    """One parameter: its name, the families it takes, its default (as expression text), whether it repeats."""

    name: str
    kind: str
    default: str | None = None
    optional: bool = False
    variadic: bool = False

    @cached_property
    def families(self) -> frozenset[str]:
        """Return the type families that the parameter accepts."""
        return frozenset[str]().union(*(_FAMILIES[part] for part in self.kind.split("|")))

    def accepts(self, type_name: str) -> bool:
        """Tell whether a value of the DuckDB type may be passed without a visible cast."""
        found: Family = family(type_name)
        return found in ("null", "unknown") or found in self.families

    @property
    def words(self) -> str:
        """Return the accepted types in words, for a finding."""
        words = {"jsontext": "JSON or text", "instant": "date or timestamp", "json": "JSON"}
        return " or ".join(words.get(part, part) for part in self.kind.split("|"))


@dataclass(frozen=True)
class Function:
    """One documented function.

    `build` is None where the function is DuckDB's own of the same name, a template in the same language with the
    parameters as `:name`, or a function from argument trees and their DuckDB types to a tree. `examples` pair an
    expression with its result, both as text of the language; `rows` says how many results a window function shows.
    `units` are the words that a parameter `unit` or `part` takes, `literals` the parameters that must be literals.
    `postgres` is "same" where the composition gives the same result there, else a declared no with its reason.
    """

    name: str
    signature: str
    summary: str
    semantics: str
    examples: tuple[tuple[str, str], ...]
    nulls: str = "NULL when any argument is NULL."
    kind: Kind = "scalar"
    build: str | Builder | None = None
    may_fail: MayFail = False
    aliases: tuple[str, ...] = ()
    frame: str | None = None
    postgres: Literal["same"] | Unsupported = SAME
    clock: bool = False
    units: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()
    family: str = ""

    @cached_property
    def params(self) -> tuple[Param, ...]:
        """Return the parameters as the signature declares them."""
        return _params(self.signature)

    @cached_property
    def returns(self) -> str:
        """Return the result type as the signature states it: a DuckDB type or a word such as `same`."""
        return self.signature.rsplit("->", 1)[1].strip()

    @property
    def least(self) -> int:
        """Return the smallest number of arguments."""
        return sum(1 for param in self.params if not param.optional and not param.variadic) + (
            1 if self.params and self.params[-1].variadic and not self.params[-1].optional else 0
        )

    @property
    def most(self) -> int | None:
        """Return the largest number of arguments, None when the last one repeats."""
        return None if self.params and self.params[-1].variadic else len(self.params)

    def param(self, index: int) -> Param:
        """Return the parameter that takes the argument at `index` (0-based)."""
        return self.params[min(index, len(self.params) - 1)]

    def to_json(self) -> dict[str, Any]:
        """Return the documentation entry as JSON values."""
        return {
            "name": self.name,
            "signature": self.signature,
            "family": self.family,
            "kind": self.kind,
            "summary": self.summary,
            "semantics": self.semantics,
            "nulls": self.nulls,
            "aliases": list(self.aliases),
            "may_fail": self.may_fail if isinstance(self.may_fail, bool) else "depends on types",
            "returns": self.returns,
            "params": [
                {"name": p.name, "type": p.words, "optional": p.optional, "default": p.default, "variadic": p.variadic}
                for p in self.params
            ],
            "examples": [{"expression": text, "result": result} for text, result in self.examples],
            "postgres": "same" if self.postgres == SAME else {"unsupported": self.postgres.reason},
        }


_PARAM = re.compile(r"(?P<star>\*)?(?P<name>\w+)(?P<opt>\?)?: (?P<kind>[a-z|]+)(?: = (?P<default>.+))?$")


def _params(signature: str) -> tuple[Param, ...]:
    inside = signature[signature.index("(") + 1 : signature.rindex(") ->")]
    found: list[Param] = []
    for part in filter(None, re.split(r", (?=\*?\w+\??: )", inside)):
        match = _PARAM.match(part.strip())
        if match is None:
            raise ValueError(f"signature {signature!r}: cannot read {part!r}")
        default = match["default"]
        found.append(Param(match["name"], match["kind"], default, bool(match["opt"] or default), bool(match["star"])))
    return tuple(found)


def fn(signature: str, summary: str, semantics: str, *examples: tuple[str, str], **options: Any) -> Function:
    """Return a function value; its name is the one that the signature starts with."""
    return Function(signature[: signature.index("(")], signature, summary, semantics, tuple(examples), **options)
