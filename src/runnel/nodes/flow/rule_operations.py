"""What rules do to the value of a field, as expressions: operations, calculations, additions."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

from runnel.nodes.flow.rule_text import Fields, Parameters, RuleError, literal, text

Build = Callable[[str, Parameters, Fields], str]


def _of(template: str) -> Build:
    return lambda value, parameters, fields: template.replace("VALUE", value)


def groups_of(pattern: str) -> str:
    r"""Turn `$1` into the engine's `\1`, and `$$` into a dollar sign."""
    escaped = pattern.replace("\\", "\\\\")
    return re.sub(r"\$(\$|\d)", lambda found: "$" if found[1] == "$" else "\\" + found[1], escaped)


def _format(value: str, parameters: Parameters, fields: Fields) -> str:
    pattern, regex = groups_of(str(parameters.need("pattern"))), str(parameters.need("regex"))
    return f"regex_replace({value}, {text(regex)}, {text(pattern)})"


def _regex_replace(value: str, parameters: Parameters, fields: Fields) -> str:
    regex, made = str(parameters.need("regex", "pattern")), groups_of(str(parameters.get("replacement", default="")))
    return f"regex_replace({value}, {text(regex)}, {text(made)})"


def _replace(value: str, parameters: Parameters, fields: Fields) -> str:
    search, made = (
        str(parameters.need("search", "old", "find")),
        str(parameters.get("replacement", "replace", "new", default="")),
    )
    return f"replace({value}, {text(search)}, {text(made)})"


def _concat(value: str, parameters: Parameters, fields: Fields) -> str:
    separator = str(parameters.get("separator", default=""))
    named = parameters.get("source_fields", "fields")
    parts = [fields.read(path) for path in named] if named else [value]
    parts = [*(literal(part) for part in [parameters.get("prefix")] if part), *parts]
    suffix = parameters.get("suffix")
    parts += [literal(suffix)] if suffix else []
    return f"concat_ws({text(separator)}, {', '.join(parts)})"


def _split(value: str, parameters: Parameters, fields: Fields) -> str:
    separator = text(str(parameters.get("separator", "delimiter", default=",")))
    index = parameters.get("index")
    if index is None:
        return f"split({value}, {separator})"
    return f"nullif(split_part({value}, {separator}, {parameters.whole('index') + 1}), '')"


def _substring(value: str, parameters: Parameters, fields: Fields) -> str:
    start, length = parameters.whole("start", default=0), parameters.get("length")
    rest = "" if length is None else f", {parameters.whole('length')}"
    return f"substring({value}, {start + 1}{rest})"


def _padded(name: str) -> Build:
    def build(value: str, parameters: Parameters, fields: Fields) -> str:
        fill = text(str(parameters.get("character", "fill", default=" ")))
        return f"{name}({value}, {parameters.whole('length')}, {fill})"

    return build


def _round(value: str, parameters: Parameters, fields: Fields) -> str:
    return f"round({value}, {parameters.whole('decimals', 'precision', 'digits', default=0)})"


def _default(value: str, parameters: Parameters, fields: Fields) -> str:
    return f"coalesce({value}, {literal(parameters.need('value', 'default'))})"


def _mask(value: str, parameters: Parameters, fields: Fields) -> str:
    keep, sign = parameters.whole("keep", "visible", default=4), str(parameters.get("character", default="*"))
    return f"mask({value}, {keep}, {text(sign)})"


def _hash(value: str, parameters: Parameters, fields: Fields) -> str:
    return hashed(value, str(parameters.get("algorithm", default="sha256")), str(parameters.get("salt", default="")))


def hashed(value: str, algorithm: str, salt: str) -> str:
    """Return the digest of a value's text, with the salt before it."""
    if algorithm not in ("md5", "sha1", "sha256"):
        raise RuleError(f"there is no hash `{algorithm}`", "Choose md5, sha1 or sha256.")
    shown = f"to_text({value})"
    return f"{algorithm}({text(salt)} || {shown})" if salt else f"{algorithm}({shown})"


def _extract(value: str, parameters: Parameters, fields: Fields) -> str:
    group = parameters.whole("group", default=0)
    return f"nullif(regex_extract({value}, {text(str(parameters.need('regex', 'pattern')))}, {group}), '')"


def _truncate(value: str, parameters: Parameters, fields: Fields) -> str:
    return f"left({value}, {parameters.whole('length')})"


def _format_date(value: str, parameters: Parameters, fields: Fields) -> str:
    wanted, given = text(str(parameters.need("format"))), parameters.get("input_format")
    read = f"try_to_timestamp({value})" if given is None else f"try_parse_timestamp({value}, {text(str(given))})"
    return f"format_date({read}, {wanted})"


OPERATIONS: dict[str, Build] = {
    "title_case": _of("title_case(VALUE)"),
    "lowercase": _of("lower(VALUE)"),
    "uppercase": _of("upper(VALUE)"),
    "capitalize": _of("capitalize(VALUE)"),
    "trim": _of("trim(VALUE)"),
    "normalize_whitespace": _of("trim(regex_replace(VALUE, '\\s+', ' '))"),
    "remove_whitespace": _of("remove_whitespace(VALUE)"),
    "remove_punctuation": _of("remove_punctuation(VALUE)"),
    "strip_accents": _of("strip_accents(VALUE)"),
    "slugify": _of("slugify(VALUE)"),
    "reverse": _of("reverse(VALUE)"),
    "length": _of("length(VALUE)"),
    "empty_to_null": _of("blank_to_null(VALUE)"),
    "to_text": _of("to_text(VALUE)"),
    "to_number": _of("try_to_number(VALUE)"),
    "to_integer": _of("try_to_integer(VALUE)"),
    "to_boolean": _of("try_to_boolean(VALUE)"),
    "to_date": _of("try_to_date(VALUE)"),
    "abs": _of("abs(VALUE)"),
    "floor": _of("floor(VALUE)"),
    "ceil": _of("ceil(VALUE)"),
    "format": _format,
    "format_date": _format_date,
    "regex_replace": _regex_replace,
    "replace": _replace,
    "concat": _concat,
    "split": _split,
    "substring": _substring,
    "truncate": _truncate,
    "pad_left": _padded("lpad"),
    "pad_right": _padded("rpad"),
    "round": _round,
    "default": _default,
    "mask": _mask,
    "hash": _hash,
    "extract": _extract,
}
_ALIASES = {
    "lower": "lowercase", "upper": "uppercase", "title": "title_case", "titlecase": "title_case", "strip": "trim",
    "fill_null": "default", "ceiling": "ceil", "absolute": "abs", "to_string": "to_text", "concatenate": "concat",
    "to_lowercase": "lowercase", "to_uppercase": "uppercase", "regex_extract": "extract", "date_format": "format_date",
}  # fmt: skip


def operation_text(operation: str, field: str, parameters: dict[str, Any], fields: Fields) -> str:
    """Return the expression of an operation on a field."""
    name = _ALIASES.get(operation.strip().lower(), operation.strip().lower())
    build = OPERATIONS.get(name)
    if build is None:
        raise unknown("operation", operation, OPERATIONS)
    asked = Parameters(parameters, f"the operation `{name}`")
    asked.get("output_field")
    made = build(fields.read(field), asked, fields)
    asked.finish()
    return made


def unknown(word: str, given: str, known: Iterable[str]) -> RuleError:
    """Return the error that a word is not known, with the nearest one."""
    names = list(known)
    close = difflib.get_close_matches(given.lower(), names, n=1)
    hint = (f"Did you mean `{close[0]}`? " if close else "") + f"There are: {', '.join(names)}."
    return RuleError(f"there is no {word} `{given}`", hint)


def _joined(sign: str) -> Callable[[list[str]], str]:
    return lambda parts: reduce(lambda left, right: f"({left} {sign} {right})", parts)


def _divided(parts: list[str]) -> str:
    return reduce(lambda left, right: f"safe_divide({left}, {right})", parts)


CALCULATIONS: dict[str, Callable[[list[str]], str]] = {
    "add": _joined("+"),
    "subtract": _joined("-"),
    "multiply": _joined("*"),
    "divide": _divided,
    "modulo": lambda parts: reduce(lambda left, right: f"mod({left}, {right})", parts),
    "power": lambda parts: reduce(lambda left, right: f"power({left}, {right})", parts),
    "average": lambda parts: f"safe_divide({_joined('+')(parts)}, {len(parts)})",
    "min": lambda parts: f"least({', '.join(parts)})",
    "max": lambda parts: f"greatest({', '.join(parts)})",
    "percent": lambda parts: f"percent_of({', '.join(parts[:2])})",
}
_CALCULATION_ALIASES = {"sum": "add", "difference": "subtract", "product": "multiply", "avg": "average"}


def calculation_text(operation: str, parameters: dict[str, Any], fields: Fields) -> tuple[str, list[str], str | None]:
    """Return (expression, source fields, output field) of a calculation; doubles lose the noise behind 15 digits."""
    name = _CALCULATION_ALIASES.get(operation.strip().lower(), operation.strip().lower())
    build = CALCULATIONS.get(name)
    if build is None:
        raise unknown("calculation", operation, CALCULATIONS)
    asked = Parameters(parameters, f"the calculation `{name}`")
    sources = [str(path) for path in asked.need("source_fields", "fields")]
    constant, output, decimals = (
        asked.get("value", "constant"),
        asked.get("output_field"),
        asked.get("decimals", "round"),
    )
    asked.finish()
    parts = [fields.read(path) for path in sources]
    parts += [literal(constant)] if constant is not None else []
    if len(parts) < 2:
        raise RuleError(f"the calculation `{name}` has {len(parts)} part(s)", "Name two fields, or one and a `value`.")
    made = f"significant({build(parts)}, 15)"
    return (made if decimals is None else f"round({made}, {int(decimals)})"), sources, output


def addition_text(
    value: Any, operation: str | None, field: str, parameters: dict[str, Any], fields: Fields
) -> tuple[str, list[str]]:
    """Return (expression, source fields) of a new field."""
    if operation is None:
        if parameters:
            raise RuleError("a field_addition has `parameters` but no `operation`", "Add e.g. `operation: concat`.")
        return (
            "now()" if value == "current_timestamp" else "today()" if value == "current_date" else literal(value)
        ), []
    if operation in CALCULATIONS:
        made, sources, _ = calculation_text(operation, parameters, fields)
        return made, sources
    sources = [str(path) for path in parameters.get("source_fields", parameters.get("fields", []))]
    first = sources[0] if sources else str(parameters.get("source_field", field))
    rest = {key: part for key, part in parameters.items() if key != "source_field"}
    if operation != "concat":
        rest = {key: part for key, part in rest.items() if key not in ("source_fields", "fields")}
    return operation_text(operation, first, rest, fields), sources or [first]
