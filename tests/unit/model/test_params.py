"""References in config text, and typed values for parameters."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from runnel.errors import AuthoringError
from runnel.model import (
    NodeDoc,
    Param,
    Pipeline,
    Reference,
    check_references,
    codes,
    find_references,
    load_text,
    resolve_params,
    substitute,
)


@pytest.mark.parametrize(
    ("text", "references"),
    [
        ("${params.a}", [Reference("params", "a", None, 0, 11)]),
        ("x ${env.HOME:-/tmp} y", [Reference("env", "HOME", "/tmp", 2, 19)]),
        ("${env.A:-}", [Reference("env", "A", "", 0, 10)]),
        (
            "${secrets.key}${params.b}",
            [Reference("secrets", "key", None, 0, 14), Reference("params", "b", None, 14, 25)],
        ),
        ("$${params.a}", []),
        ("$$${params.a}", []),
        ("${other.a} ${params.} $params.a ${params.a", []),
        ("", []),
    ],
)
def test_references_are_found_with_their_places(text: str, references: list[Reference]) -> None:
    assert find_references(text) == references
    assert all(text[found.start : found.end].startswith("${") for found in references)


def resolved(param: Param, value: Any) -> Any:
    values, findings = resolve_params(Pipeline(name="x", params={"p": param}), {"p": value})
    assert findings == ()
    return values["p"]


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("string", "12", "12"),
        ("integer", "12", 12),
        ("integer", "-9007199254740993", -9007199254740993),
        ("integer", 12, 12),
        ("number", "1.5", 1.5),
        ("number", "3", 3),
        ("number", "1e3", 1000.0),
        ("decimal", "10.10", Decimal("10.10")),
        ("decimal", 0.1, Decimal("0.1")),
        ("boolean", "True", True),
        ("boolean", False, False),
        ("date", "2026-11-30", date(2026, 11, 30)),
        ("timestamp", "2026-11-30T08:15:00Z", datetime(2026, 11, 30, 8, 15, tzinfo=UTC)),
        ("timestamp", "2026-11-30", datetime(2026, 11, 30)),
        ("list", "a, b", ["a", "b"]),
        ("list", '["a", 1]', ["a", 1]),
        ("list", "", []),
        ("list", ["a"], ["a"]),
    ],
)
def test_given_values_become_typed_values(kind: Any, given: Any, value: Any) -> None:
    found = resolved(Param(kind), given)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("string", 5),
        ("integer", "1.5"),
        ("integer", "1_000"),
        ("integer", True),
        ("integer", "9" * 5000),
        ("number", "nan"),
        ("number", "x"),
        ("number", "1e999"),
        ("decimal", "1,5"),
        ("boolean", "yes"),
        ("boolean", 1),
        ("date", "30.11.2026"),
        ("date", "2026-02-30"),
        ("timestamp", "soon"),
        ("list", "[1"),
        ("list", 5),
    ],
)
def test_a_value_that_does_not_fit_is_a_finding(kind: Any, given: Any) -> None:
    values, findings = resolve_params(Pipeline(name="x", params={"p": Param(kind)}), {"p": given})
    assert values == {}
    assert [finding.code for finding in findings] == [codes.PARAM_VALUE]


def test_an_enum_takes_its_values_also_as_text() -> None:
    param = Param("enum", values=("open", 5, True))
    assert [resolved(param, given) for given in ("open", "5", 5, "true", True)] == ["open", 5, 5, True, True]
    _, findings = resolve_params(Pipeline(name="x", params={"p": param}), {"p": "opne"})
    assert findings[0].hint == "did you mean `open`?"


def test_defaults_are_typed_and_missing_or_unknown_parameters_are_findings() -> None:
    text = (
        "runnel: 1\nname: x\nparams:\n  day: {type: date, default: 2026-01-02}\n"
        "  none: {type: string, default: null}\n  need: {type: string}\n"
    )
    pipeline, found = load_text(text)
    assert found == ()
    assert pipeline is not None
    values, findings = resolve_params(pipeline, {"dya": "x"})
    assert values == {"day": date(2026, 1, 2), "none": None}
    assert [(finding.code, finding.where.line) for finding in findings] == [
        (codes.PARAM_UNKNOWN, None),
        (codes.PARAM_MISSING, 6),
    ]
    assert findings[0].hint == "did you mean `day`?"


PARAMS = {
    "n": 5,
    "d": Decimal("1.50"),
    "on": True,
    "day": date(2026, 1, 2),
    "many": ["a", 2],
    "none": None,
    "s": "${env.A}",
}
ENV = {"A": "alpha", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${params.n}", 5),
        ("${params.many}", ["a", 2]),
        ("n=${params.n} d=${params.d} ${params.on} ${params.day}", "n=5 d=1.50 true 2026-01-02"),
        ("${params.many}!", "a,2!"),
        ("[${params.none}]", "[]"),
        ("${env.A}/${env.B:-beta}/${env.EMPTY:-full}", "alpha/beta/full"),
        ("${env.EMPTY}", ""),
        ("${secrets.key}", "${secrets.key}"),
        ("a ${secrets.key}", "a ${secrets.key}"),
        ("$${params.n} ${params.n}", "${params.n} 5"),
        ("${params.s}!", "${env.A}!"),
        ("plain $ {x}", "plain $ {x}"),
    ],
)
def test_references_are_replaced(text: str, value: Any) -> None:
    assert substitute(text, PARAMS, ENV) == value
    assert substitute({"a": [text]}, PARAMS, ENV) == {"a": [value]}


def test_values_that_are_not_text_stay() -> None:
    assert substitute({"a": 5, "b": None, "c": [True]}, {}, {}) == {"a": 5, "b": None, "c": [True]}


def test_a_reference_without_value_is_an_error_that_says_what_there_is() -> None:
    with pytest.raises(AuthoringError, match="RNL-PARAM-005") as unknown:
        substitute("${params.x}", {"a": 1}, {})
    assert "a" in unknown.value.hint
    with pytest.raises(AuthoringError, match="RNL-PARAM-004"):
        substitute("x ${env.X}", {}, {})


def test_references_of_a_pipeline_are_checked_with_a_fix() -> None:
    config = {"where": "a = ${params.statsu}", "list": ["${param.x}", "${secrets.a} $${b}"]}
    pipeline = Pipeline(name="x", nodes={"n": NodeDoc("n", "t.x", config)}, params={"status": Param("string")})
    wrong, malformed = check_references(pipeline)
    assert (wrong.code, wrong.where.field) == (codes.REFERENCE_UNKNOWN, "where")
    assert wrong.fix is not None
    assert wrong.fix.edits[0].value == "a = ${params.status}"
    assert (malformed.code, malformed.where.field) == (codes.REFERENCE_MALFORMED, "list.0")
