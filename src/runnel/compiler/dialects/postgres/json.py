"""JSON in PostgreSQL, as jsonb: only what does not depend on how a value is written."""

from __future__ import annotations

import re

from runnel.compiler.dialects.postgres.functions import known, writes
from runnel.compiler.dialects.postgres.typed import Typed, quoted, refuse

_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\.\"([^\"\\]*)\"")
_NUMERIC = r"^[ \t\n\r]*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?[ \t\n\r]*$"


def _path(args: list[Typed]) -> str:
    """Return the text array that a literal path stands for."""
    path = known(args[1], "a JSON path", "the path")
    if not path.startswith("$"):
        path = f'$."{path}"'
    steps: list[str] = []
    at = 1
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise refuse("a JSON path", f"`{path}` has wildcards or other signs")
        steps.append(quoted(next(part for part in step.groups() if part is not None)))
        at = step.end()
    return f"ARRAY[{', '.join(steps)}]::text[]"


def _part(args: list[Typed]) -> str:
    value = args[0].sql if args[0].family == "json" else f"CAST({args[0].sql} AS jsonb)"
    return f"({value} #> {_path(args)})"


@writes("json_exists")
def _exists(args: list[Typed]) -> Typed:
    return Typed(f"CASE WHEN {args[0].sql} IS NOT NULL THEN {_part(args)} IS NOT NULL END", "BOOLEAN")


@writes("json_type")
def _type(args: list[Typed]) -> Typed:
    names = {
        "object": "OBJECT",
        "array": "ARRAY",
        "string": "VARCHAR",
        "number": "DOUBLE",
        "boolean": "BOOLEAN",
        "null": "NULL",
    }
    cases = " ".join(f"WHEN '{kind}' THEN '{name}'" for kind, name in names.items())
    return Typed(f"CASE jsonb_typeof{_part(args)} {cases} END", "VARCHAR")


@writes("json_array_length")
def _length(args: list[Typed]) -> Typed:
    part = _part(args)
    return Typed(
        f"CASE WHEN jsonb_typeof{part} = 'array' THEN jsonb_array_length{part} WHEN {part} IS NOT NULL THEN 0 END",
        "INTEGER",
    )


def number_of(args: list[Typed], target: str) -> Typed:
    """Return TRY_CAST(json_extract_string(…) AS a number type): NULL for parts that are no number."""
    text = f"({_part(args)} #>> '{{}}')"
    guard = f"jsonb_typeof{_part(args)} IN ('number', 'string') AND {text} ~ {quoted(_NUMERIC)}"
    if target == "DOUBLE":
        return Typed(f"CASE WHEN {guard} THEN CAST({text} AS double precision) END", "DOUBLE")
    if target != "BIGINT":
        raise refuse(f"a JSON part as {target}", "the conversion is not proven equal")
    rounded = f"round(CAST({text} AS numeric))"
    fits = f"{rounded} BETWEEN -9223372036854775808 AND 9223372036854775807"
    return Typed(f"CASE WHEN {guard} THEN CASE WHEN {fits} THEN CAST({rounded} AS bigint) END END", "BIGINT")
