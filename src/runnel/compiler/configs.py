"""A node's config: references replaced, types checked, problems turned into findings with the nearest match."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from runnel.errors import AuthoringError
from runnel.model.document import NodeDoc
from runnel.model.findings import Edit, Finding, Fix, Where
from runnel.model.params import find_references, substitute
from runnel.sdk.fields import ExpressionMark, SecretMark, SqlMark, marks_of
from runnel.sdk.node import Node


def checked_config(
    node: type[Node], doc: NodeDoc, params: Mapping[str, Any], env: Mapping[str, str]
) -> tuple[Any | None, dict[str, Any], list[Finding]]:
    """Return (config or None, the plain values it was made from, findings).

    Expression fields keep their references, which the binder turns into typed literals in the tree.
    """
    findings: list[Finding] = []
    expressions = marks_of(node.Config, ExpressionMark)
    secrets = marks_of(node.Config, SecretMark)
    foreign = marks_of(node.Config, SqlMark)
    values: dict[str, Any] = {}
    for key, value in doc.config.items():
        if key in expressions:
            values[key] = value
            continue
        if key in foreign and isinstance(value, str):
            written = {value[found.start : found.end] for found in find_references(value)}
            values[key], value = value, {text: text for text in sorted(written)}
            key = foreign[key].values
        if key not in secrets:
            findings.extend(_secret_findings(doc.id, key, value))
        try:
            values[key] = substitute(value, params, env)
        except AuthoringError as error:
            findings.append(Finding(error.code, "error", error.what, error.hint, Where(doc.id, key)))
            return None, values, findings
    try:
        config = node.Config.model_validate(values)
    except ValidationError as error:
        findings.extend(_config_findings(node, doc, error))
        return None, values, findings
    return config, values, findings


def _secret_findings(node: str, key: str, value: Any) -> list[Finding]:
    texts = [value] if isinstance(value, str) else []
    if isinstance(value, Mapping):
        texts = [part for part in value.values() if isinstance(part, str)]
    found: list[Finding] = []
    for text in texts:
        for reference in find_references(text):
            if reference.kind == "secrets":
                what = f"${{secrets.{reference.name}}} stands in `{key}`, which is not a secret field"
                hint = "Secrets are allowed only in fields marked secret, such as passwords of a connection."
                found.append(Finding("RNL-CONFIG-004", "error", what, hint, Where(node, key)))
    return found


def _config_findings(node: type[Node], doc: NodeDoc, error: ValidationError) -> list[Finding]:
    found: list[Finding] = []
    for problem in error.errors(include_url=False, include_context=True):
        location = _written(doc.config, problem["loc"], problem["type"] == "missing")
        path = ".".join(str(part) for part in location)
        if problem["type"] == "extra_forbidden":
            found.append(_unknown_field(node, doc, location))
        elif problem["type"] == "missing":
            what = f"{doc.kind} needs `{path}`, which is missing"
            found.append(Finding("RNL-CONFIG-002", "error", what, _field_help(node, path), Where(doc.id, path)))
        else:
            shown = _shown(problem.get("input"))
            what = f"`{path}` of {doc.kind} is {shown}: {_lowered(problem['msg'])}"
            found.append(Finding("RNL-CONFIG-003", "error", what, _field_help(node, path), Where(doc.id, path)))
    return found


def _written(config: Any, loc: tuple[Any, ...], is_missing: bool) -> tuple[Any, ...]:
    """Return the part of Pydantic's location that the document has: names of the alternatives of a union are dropped."""
    found: list[Any] = []
    value = config
    for place, part in enumerate(loc):
        ends = is_missing and place == len(loc) - 1
        if isinstance(value, Mapping) and (part in value or ends):
            value = value.get(part)
        elif isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            continue
        found.append(part)
    return tuple(found)


def _unknown_field(node: type[Node], doc: NodeDoc, location: tuple[Any, ...]) -> Finding:
    key = str(location[-1])
    known = [info.alias or name for name, info in node.Config.model_fields.items()]
    close = [] if len(location) > 1 else difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"Did you mean `{close[0]}`? " if close else ""
    has = f"{doc.kind} has: {', '.join(known) or 'no settings'}."
    hint += _field_help(node, str(location[0])) if len(location) > 1 else has
    path = ("nodes", doc.id, "config", *location)
    fix = Fix(f"Rename to {close[0]}", (Edit("rename", path, close[0]),)) if close else None
    if fix is None:
        fix = Fix(f"Remove {key}", (Edit("delete", path),))
    what = f"{doc.kind} has no setting `{key}`"
    return Finding("RNL-CONFIG-001", "error", what, hint, Where(doc.id, ".".join(map(str, location))), fix)


def _field_help(node: type[Node], path: str) -> str:
    info = node.Config.model_fields.get(path.split(".")[0])
    return (info.description or "") if info else ""


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, BaseModel) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
