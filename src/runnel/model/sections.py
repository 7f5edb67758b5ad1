"""The sections of a document besides its nodes: params, tests, settings, inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from runnel.model import codes
from runnel.model.checking import Checker, is_slug, slug_of
from runnel.model.document import DeadLetterSettings, InputDoc, Param, ParamType, Settings, TestDoc
from runnel.model.findings import Edit, Fix
from runnel.model.paramtypes import convert
from runnel.model.places import Path, listing, nearest, shown
from runnel.model.shapes import is_map

PARAM_TYPES: tuple[str, ...] = get_args(ParamType)
PARAM_KEYS = ("type", "default", "description", "values")
TEST_KEYS = ("name", "given", "expect", "params", "clock")
SETTING_KEYS = ("dead_letters", "counts", "decode", "schema", "memory", "timeout_seconds", "seed", "lanes")


def params(data: Mapping[str, Any], checker: Checker) -> dict[str, Param]:
    """Return the declared parameters."""
    found: dict[str, Param] = {}
    for name, value in checker.mapping(data, "params", ()).items():
        path: Path = ("params", name)
        if not is_slug(name):
            checker.report(codes.ID_NOT_SLUG, path, f"the parameter {shown(name)[9:]} is not a slug", _slug_hint(name))
        found[name] = _param(checker.as_mapping(value, path), path, checker)
    return found


def _slug_hint(name: str) -> str:
    return f"use letters, digits, `_` and `-`, as in `{slug_of(name)}`"


def _param(data: Mapping[str, Any], path: Path, checker: Checker) -> Param:
    checker.unknown_keys(data, PARAM_KEYS, path, "a parameter")
    kind = _param_type(data, path, checker)
    values = tuple(checker.items(data, "values", path))
    if kind == "enum" and not values:
        checker.report(
            codes.MISSING_KEY, path, "an enum parameter needs `values`", "list its choices: `values: [a, b]`"
        )
    param = Param(
        type=kind or "string",
        default=data.get("default"),
        has_default="default" in data,
        description=checker.text(data, "description", path) or "",
        values=values,
    )
    if kind is not None:
        _check_default(param, path, checker)
    return param


def _param_type(data: Mapping[str, Any], path: Path, checker: Checker) -> Any:
    value = checker.text(data, "type", path)
    if value in PARAM_TYPES:
        return value
    if value is None:
        if data.get("type") is None:
            fix = Fix("Add type: string", (Edit("set", (*path, "type"), "string"),))
            hint = f"the types are: {listing(PARAM_TYPES)}"
            checker.report(codes.MISSING_KEY, path, f"the parameter {path[-1]!r} has no `type`", hint, fix)
        return None
    near = _type_alias(value) or nearest(value, PARAM_TYPES)
    fix = Fix(f"Use {near}", (Edit("set", (*path, "type"), near),)) if near else None
    hint = f"did you mean `{near}`?" if near else f"the types are: {listing(PARAM_TYPES)}"
    checker.report(codes.UNKNOWN_PARAM_TYPE, (*path, "type"), f"there is no parameter type {value[:80]!r}", hint, fix)
    return None


def _type_alias(word: str) -> str | None:
    names = {"int": "integer", "str": "string", "text": "string", "float": "number", "double": "number"}
    more = {"bool": "boolean", "datetime": "timestamp", "array": "list", "bigint": "integer", "varchar": "string"}
    return (names | more).get(word.lower())


def _check_default(param: Param, path: Path, checker: Checker) -> None:
    if not param.has_default or param.default is None:
        return
    place = (*path, "default")
    if param.type == "enum":
        if param.values and param.default not in param.values:
            near = nearest(str(param.default), [str(value) for value in param.values])
            hint = f"did you mean `{near}`?" if near else f"the values are: {listing(param.values)}"
            fix = Fix(f"Use {near}", (Edit("set", place, near),)) if near in param.values else None
            what = f"the default {shown(param.default)} is not one of the values"
            checker.report(codes.DEFAULT_NOT_IN_VALUES, place, what, hint, fix)
        return
    _, problem = convert(param.type, param.default, ())
    if problem:
        checker.report(codes.DEFAULT_TYPE, place, f"the default {shown(param.default)} is not {problem}", "")


def settings(data: Mapping[str, Any], checker: Checker) -> Settings:
    """Return the settings of the pipeline."""
    path: Path = ("settings",)
    given = checker.mapping(data, "settings", ())
    checker.unknown_keys(given, SETTING_KEYS, path, "`settings`")
    inner = (*path, "dead_letters")
    letters = checker.mapping(given, "dead_letters", path)
    checker.unknown_keys(letters, ("max_count", "max_share"), inner, "`dead_letters`")
    return Settings(
        dead_letters=DeadLetterSettings(
            max_count=checker.whole(letters, "max_count", inner, 0),
            max_share=checker.number(letters, "max_share", inner, 0, 1),
        ),
        counts=checker.choice(given, "counts", path, ("edges", "segments")),
        decode=checker.choice(given, "decode", path, ("used", "all")),
        schema=checker.choice(given, "schema", path, ("evolve", "fail", "dead_letter")),
        memory=checker.text(given, "memory", path),
        timeout_seconds=checker.number(given, "timeout_seconds", path, 0),
        seed=checker.whole(given, "seed", path) or 0,
        lanes=checker.whole(given, "lanes", path, 1, 64) or 1,
    )


def tests(data: Mapping[str, Any], checker: Checker) -> tuple[TestDoc, ...]:
    """Return the tests of the pipeline."""
    found: list[TestDoc] = []
    for place, value in enumerate(checker.items(data, "tests", ())):
        path: Path = ("tests", place)
        given = checker.as_mapping(value, path)
        checker.unknown_keys(given, TEST_KEYS, path, "a test")
        name = checker.text(given, "name", path)
        if name is None and given.get("name") is None:
            checker.report(codes.MISSING_KEY, path, "a test has no `name`", "say in one line what it shows")
        found.append(
            TestDoc(
                name=name or "",
                given=_tables(given, "given", path, checker),
                expect=_tables(given, "expect", path, checker),
                params=dict(checker.mapping(given, "params", path)),
                clock=checker.text(given, "clock", path),
            )
        )
    return tuple(found)


def _tables(
    data: Mapping[str, Any], key: str, path: Path, checker: Checker
) -> dict[str, tuple[Mapping[str, Any], ...]]:
    tables: dict[str, tuple[Mapping[str, Any], ...]] = {}
    given = checker.mapping(data, key, path)
    for name in given:
        rows = checker.items(given, name, (*path, key))
        kept: list[Mapping[str, Any]] = []
        for place, row in enumerate(rows):
            if is_map(row):
                kept.append(row)
            else:
                checker.wrong_type((*path, key, name, place), row, "a row: a mapping of column to value")
        tables[name] = tuple(kept)
    return tables


def inputs(data: Mapping[str, Any], checker: Checker) -> dict[str, InputDoc]:
    """Return the declared inputs of a sub-pipeline."""
    found: dict[str, InputDoc] = {}
    for name, value in checker.mapping(data, "inputs", ()).items():
        path: Path = ("inputs", name)
        if not is_slug(name):
            checker.report(codes.ID_NOT_SLUG, path, f"the input {shown(name)[9:]} is not a slug", _slug_hint(name))
        given = checker.as_mapping(value, path)
        checker.unknown_keys(given, ("columns",), path, "an input")
        columns = checker.mapping(given, "columns", path)
        kinds = {column: checker.text(columns, column, (*path, "columns")) for column in columns}
        found[name] = InputDoc({column: kind for column, kind in kinds.items() if kind is not None})
    return found


def outputs(data: Mapping[str, Any], checker: Checker) -> dict[str, str]:
    """Return the declared outputs of a sub-pipeline: name to `node` or `node.port`."""
    given = checker.mapping(data, "outputs", ())
    refs = {name: checker.text(given, name, ("outputs",)) for name in given}
    return {name: ref for name, ref in refs.items() if ref is not None}
