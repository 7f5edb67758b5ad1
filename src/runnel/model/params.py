"""References in config values (`${params.x}`, `${env.X:-default}`, `${secrets.name}`) and the values they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from runnel.errors import AuthoringError
from runnel.model import codes
from runnel.model.document import Param, Pipeline
from runnel.model.findings import Edit, Finding, Fix, Where
from runnel.model.paramtypes import WANTED, as_text, convert
from runnel.model.places import Path, listing, nearest, shown, where_of
from runnel.model.shapes import is_list, is_map

ReferenceKind = Literal["params", "env", "secrets"]

_TOKEN = re.compile(r"\$\$\{|\$\{(params|env|secrets)\.([^{}:\s]+)(?::-([^{}]*))?\}")
_MALFORMED = re.compile(r"\$\{[^{}\n]{0,80}\}?")


@dataclass(frozen=True)
class Reference:
    """One reference inside text: `value[start:end]` is its spelling; `default` stands after `:-`."""

    kind: ReferenceKind
    name: str
    default: str | None
    start: int
    end: int


def find_references(value: str) -> list[Reference]:
    """Return the references in the text in order; `$${` is an escape and no reference."""
    return [
        Reference(cast("ReferenceKind", match[1]), match[2], match[3], match.start(), match.end())
        for match in _TOKEN.finditer(value)
        if match[1] is not None
    ]


def resolve_params(pipeline: Pipeline, given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """Return the typed value of every parameter, from what is given (text of a command line or JSON) or its default.

    A parameter without value is left out and reported. A list given as text is JSON or comma-separated.
    """
    findings: list[Finding] = []
    values: dict[str, Any] = {}
    for name in given:
        if name not in pipeline.params:
            findings.append(_unknown_param(name, pipeline))
    for name, param in pipeline.params.items():
        if name in given:
            value, problem = convert(param.type, given[name], param.values)
            if problem:
                findings.append(_bad_value(name, param, given[name], pipeline))
            else:
                values[name] = value
        elif param.has_default:
            values[name] = _default(param)
        else:
            what = f"the parameter {name!r} has no value and no default"
            hint = f"give it, as in `--param {name}=…` ({WANTED[param.type]})"
            findings.append(Finding(codes.PARAM_MISSING, "error", what, hint, _param_place(name, pipeline)))
    return values, tuple(findings)


def substitute(value: Any, params: Mapping[str, Any], env: Mapping[str, str]) -> Any:
    """Return a config value with its references replaced, inside lists and mappings too; secrets stay as written.

    Text that is exactly one reference becomes the typed value; otherwise values are put into the text. An environment
    variable's default applies when it is unset or empty.

    Raises:
        AuthoringError: a parameter is unknown, or a variable without default is not set.
    """
    if isinstance(value, str):
        return _substitute_text(value, params, env)
    if is_map(value):
        return {key: substitute(item, params, env) for key, item in value.items()}
    if is_list(value):
        return [substitute(item, params, env) for item in value]
    return value


def check_references(pipeline: Pipeline) -> tuple[Finding, ...]:
    """Return findings for `${params.x}` that no parameter declares and for `${…}` that is no reference at all."""
    findings: list[Finding] = []
    for name, node in pipeline.nodes.items():
        for path, text in texts(node.config, ("nodes", name, "config")):
            findings += _check_text(text, path, pipeline)
    return tuple(findings)


def texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield every text inside a config value with its path."""
    if isinstance(value, str):
        yield path, value
    elif is_map(value):
        for key, item in value.items():
            yield from texts(item, (*path, key))
    elif is_list(value):
        for place, item in enumerate(value):
            yield from texts(item, (*path, place))


def _check_text(text: str, path: Path, pipeline: Pipeline) -> Iterator[Finding]:
    if "${" not in text:
        return
    where = where_of(path, pipeline.lines)
    for reference in find_references(text):
        if reference.kind == "params" and reference.name not in pipeline.params:
            near = nearest(reference.name, pipeline.params)
            fix = None
            if near:
                fixed = f"{text[: reference.start]}${{params.{near}}}{text[reference.end :]}"
                fix = Fix(f"Use {near}", (Edit("set", path, fixed),))
            hint = f"did you mean `{near}`?" if near else f"the parameters are: {listing(pipeline.params) or 'none'}"
            what = f"there is no parameter {reference.name[:80]!r}"
            yield Finding(codes.REFERENCE_UNKNOWN, "error", what, hint, where, fix)
    # What is left after the references and escapes are taken out is spelled wrongly.
    for match in _MALFORMED.finditer(_TOKEN.sub(" ", text)):
        what = f"{match[0]!r} is not a reference"
        hint = "write ${params.name}, ${env.NAME}, ${env.NAME:-default} or ${secrets.name}; $${ gives the text ${"
        yield Finding(codes.REFERENCE_MALFORMED, "warning", what, hint, where)


def _substitute_text(value: str, params: Mapping[str, Any], env: Mapping[str, str]) -> Any:
    if "${" not in value:
        return value
    references = find_references(value)
    if len(references) == 1 and (references[0].start, references[0].end) == (0, len(value)):
        return value if references[0].kind == "secrets" else _value_of(references[0], params, env)

    def replaced(match: re.Match[str]) -> str:
        if match[1] is None:
            return "${"
        if match[1] == "secrets":
            return match[0]
        found = Reference(cast("ReferenceKind", match[1]), match[2], match[3], match.start(), match.end())
        return as_text(_value_of(found, params, env))

    return _TOKEN.sub(replaced, value)


def _value_of(reference: Reference, params: Mapping[str, Any], env: Mapping[str, str]) -> Any:
    if reference.kind == "params":
        if reference.name in params:
            return params[reference.name]
        hint = f"the parameters are: {listing(params) or 'none'}"
        raise AuthoringError(codes.REFERENCE_UNKNOWN, f"there is no value for the parameter {reference.name!r}", hint)
    found = env.get(reference.name)
    if found or (found is not None and reference.default is None):
        return found
    if reference.default is not None:
        return reference.default
    hint = f"set it, or give a default as in ${{env.{reference.name}:-text}}"
    raise AuthoringError(codes.ENV_MISSING, f"the environment variable {reference.name!r} is not set", hint)


def _default(param: Param) -> Any:
    if param.default is None:
        return None
    value, problem = convert(param.type, param.default, param.values)
    # A default that does not fit is a finding of loading; the written value is the most honest stand-in.
    return param.default if problem else value


def _unknown_param(name: str, pipeline: Pipeline) -> Finding:
    near = nearest(name, pipeline.params)
    hint = f"did you mean `{near}`?" if near else f"the parameters are: {listing(pipeline.params) or 'none'}"
    what = f"the pipeline has no parameter {name[:80]!r}"
    return Finding(codes.PARAM_UNKNOWN, "error", what, hint, Where(field=f"params.{name[:80]}"))


def _bad_value(name: str, param: Param, value: Any, pipeline: Pipeline) -> Finding:
    wanted = f"one of {listing(param.values)}" if param.type == "enum" else WANTED[param.type]
    near = nearest(str(value), [str(choice) for choice in param.values]) if param.type == "enum" else None
    what = f"the parameter {name!r} takes {wanted}, not {shown(value)}"
    hint = f"did you mean `{near}`?" if near else f"give {wanted}"
    return Finding(codes.PARAM_VALUE, "error", what, hint, _param_place(name, pipeline))


def _param_place(name: str, pipeline: Pipeline) -> Where:
    return where_of(("params", name), pipeline.lines)
