"""Loading: every problem is a finding with its line, and every form of the file is understood."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runnel.model import (
    Edit,
    Pipeline,
    Wire,
    apply_edits,
    codes,
    from_mapping,
    has_errors,
    load_file,
    load_text,
    reading,
)

NAUGHTY = json.loads((Path(__file__).parents[2] / "data/strings/blns.json").read_text(encoding="utf-8"))
HEAD = "runnel: 1\nname: x\n"


def codes_of(text: str) -> list[str]:
    return [finding.code for finding in load_text(text)[1]]


def only(text: str, code: str) -> Any:
    _, findings = load_text(text)
    found = [finding for finding in findings if finding.code == code]
    assert len(found) == 1, [(finding.code, finding.what) for finding in findings]
    return found[0]


def loaded(text: str) -> Pipeline:
    pipeline, findings = load_text(HEAD + text)
    assert pipeline is not None
    assert findings == ()
    return pipeline


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: b: c", codes.SYNTAX, 1, 5),
        ("a: 'x", codes.SYNTAX, 1, 6),
        ("a: [1, 2", codes.SYNTAX, 1, 9),
        ("a:\n\tb: 1", codes.TAB, 2, 1),
        (HEAD + "name: y\n", codes.DUPLICATE_KEY, 3, 1),
        ("a: &x [*x]", codes.ALIAS_CYCLE, 1, 8),
        ("a: *b", codes.ALIAS_UNKNOWN, 1, 4),
        ("[" * 100_000, codes.TOO_DEEP, 1, 101),
        ("a: " + "{x: " * 100_000, codes.TOO_DEEP, 1, 400),
        (HEAD + "---\nname: y\n", codes.SEVERAL_DOCUMENTS, 3, 1),
        ("a: b\nc: \x00", codes.CONTROL_CHARACTER, 2, 4),
        ("a: \ud800", codes.CONTROL_CHARACTER, 1, 4),
        ("? [a]\n: b", codes.KEY_NOT_TEXT, 1, 3),
        ("{[a]: b}", codes.KEY_NOT_TEXT, 1, 2),
        ("- a\n- b", codes.WRONG_TYPE, 1, 1),
        ("just text", codes.WRONG_TYPE, 1, 1),
    ],
)
def test_text_that_is_no_document_is_a_finding_with_its_place(text: str, code: str, line: int, column: int) -> None:
    finding = only(text, code)
    assert (finding.where.line, finding.where.column) == (line, column)
    assert finding.severity == "error"
    assert finding.hint


@pytest.mark.parametrize(
    ("text", "code", "node", "field", "line"),
    [
        ("nodes: {a: {kind: t.x, config: 7}}", codes.WRONG_TYPE, "a", "config", 3),
        ("nodes: {a: {kind: t.x, muted: often}}", codes.WRONG_TYPE, "a", "muted", 3),
        ("nodes: {a: {kind: [t]}}", codes.WRONG_TYPE, "a", "kind", 3),
        ("nodes: {a: 7}\n", codes.WRONG_TYPE, "a", None, 3),
        ("nodes: {a: {kind: t.x, from: 5}}", codes.WRONG_TYPE, "a", "from", 3),
        ("nodes: {a: {kind: t.x, after: [5]}}", codes.WRONG_TYPE, "a", "after.0", 3),
        ("nodes: [a]", codes.WRONG_TYPE, "0", None, None),
        ("nodes: text", codes.WRONG_TYPE, None, "nodes", 3),
        ("title: [a]", codes.WRONG_TYPE, None, "title", 3),
        ("active: maybe", codes.WRONG_TYPE, None, "active", 3),
        ("tests: {a: b}", codes.WRONG_TYPE, None, "tests", 3),
        ("tests:\n- name: a\n  given: {b: 7}", codes.WRONG_TYPE, None, "tests.0.given.b", 5),
        ("settings: {seed: x}", codes.WRONG_TYPE, None, "settings.seed", 3),
        ("settings: {memory: 5}", codes.WRONG_TYPE, None, "settings.memory", 3),
        ("inputs: {a: {columns: {b: 5}}}", codes.WRONG_TYPE, None, "inputs.a.columns.b", 3),
        ("outputs: {a: 5}", codes.WRONG_TYPE, None, "outputs.a", 3),
        ("ui: 5", codes.WRONG_TYPE, None, "ui", 3),
        ("nodes: {a: {}}", codes.MISSING_KEY, "a", None, 3),
        ("params: {a: {}}", codes.MISSING_KEY, None, "params.a", 3),
        ("params: {a: {type: enum}}", codes.MISSING_KEY, None, "params.a", 3),
        ("tests: [{given: {}}]", codes.MISSING_KEY, None, "tests.0", 3),
        ("params: {a: {type: text}}", codes.UNKNOWN_PARAM_TYPE, None, "params.a.type", 3),
        ("params: {a: {type: integer, default: x}}", codes.DEFAULT_TYPE, None, "params.a.default", 3),
        ("params: {a: {type: date, default: 2026-13-01}}", codes.DEFAULT_TYPE, None, "params.a.default", 3),
        (
            "params: {a: {type: enum, values: [b], default: c}}",
            codes.DEFAULT_NOT_IN_VALUES,
            None,
            "params.a.default",
            3,
        ),
        ("settings: {counts: none}", codes.NOT_A_CHOICE, None, "settings.counts", 3),
        ("settings: {dead_letters: {max_share: 2}}", codes.OUT_OF_RANGE, None, "settings.dead_letters.max_share", 3),
        ("settings: {timeout_seconds: -1}", codes.OUT_OF_RANGE, None, "settings.timeout_seconds", 3),
        ("nodes: {a.b: {kind: t.x}}", codes.ID_NOT_SLUG, "a.b", None, 3),
        ("nodes: {a/b: {kind: t.x}}", codes.ID_NOT_SLUG, "a/b", None, 3),
        ("nodes: {a b: {kind: t.x}}", codes.ID_NOT_SLUG, "a b", None, 3),
        ("nodes: {a: {kind: t.x, from: .b}}", codes.BAD_REFERENCE, "a", "from", 3),
        ("nodes: {a: {kind: t.x, from: a.}}", codes.BAD_REFERENCE, "a", "from", 3),
        ("nodes: {a: {kind: t.x, from: b}}", codes.UNKNOWN_NODE, "a", "from", 3),
        ("nodes: {a: {kind: t.x, from: {left: [a, b]}}}", codes.UNKNOWN_NODE, "a", "from.left.1", 3),
        ("nodes: {a: {kind: t.x, after: [b]}}", codes.UNKNOWN_NODE, "a", "after.0", 3),
        ("outputs: {o: b}", codes.UNKNOWN_NODE, None, "outputs.o", 3),
        ("tests: [{name: n, expect: {b.rest: []}}]", codes.UNKNOWN_NODE, None, "tests.0.expect.b.rest", 3),
        ("nodes: {a: {kind: t.x}}\ninputs: {a: {}}", codes.NAME_TAKEN, None, "inputs.a", 4),
        ("nodes: {a: {kind: t.x, config: {b: !!binary x}}}", codes.UNSUPPORTED_TAG, "a", "b", 3),
        ("nodes: {a: {kind: t.x, config: {b: .nan}}}", codes.NOT_JSON, "a", "b", 3),
        ("nodes: {a: {kind: t.x, config: {b: 1e999}}}", codes.NOT_JSON, "a", "b", 3),
        (f"nodes: {{a: {{kind: t.x, config: {{b: {'1' * 5000}}}}}}}", codes.NOT_JSON, "a", "b", 3),
        ("nodes: {a: {kind: t.x, config: {b: 007}}}", codes.LEADING_ZEROS, "a", "b", 3),
        ("nodes: {a: {kind: t.x, config: {b: 0.12345678901234567890}}}", codes.DIGITS_LOST, "a", "b", 3),
        ("nodes: {a: {kind: t.x, config: &c {b: 1}}, b: {<<: *c, kind: t.x}}", codes.MERGE_KEY, "b", None, 3),
    ],
)
def test_every_field_tells_what_is_wrong_with_it(
    text: str, code: str, node: str | None, field: str | None, line: int | None
) -> None:
    findings = [finding for finding in load_text(HEAD + text)[1] if finding.code == code]
    assert findings, load_text(HEAD + text)[1]
    where = findings[0].where
    if line is not None:
        assert (where.node, where.field, where.line) == (node, field, line)


@pytest.mark.parametrize(
    ("text", "path", "near"),
    [
        ("titel: x", ("titel",), "title"),
        ("nodes: {a: {kind: t.x, confg: {}}}", ("nodes", "a", "confg"), "config"),
        ("settings: {dead_leters: {}}", ("settings", "dead_leters"), "dead_letters"),
        ("settings: {dead_letters: {max_cuont: 1}}", ("settings", "dead_letters", "max_cuont"), "max_count"),
        ("params: {a: {type: string, defualt: x}}", ("params", "a", "defualt"), "default"),
        ("tests: [{name: a, expects: {}}]", ("tests", 0, "expects"), "expect"),
        ("inputs: {a: {column: {}}}", ("inputs", "a", "column"), "columns"),
    ],
)
def test_a_misspelled_key_gets_the_nearest_one_and_a_fix_that_works(
    text: str, path: tuple[Any, ...], near: str
) -> None:
    finding = only(HEAD + text, codes.UNKNOWN_KEY)
    assert near in finding.hint
    assert finding.fix is not None
    assert finding.fix.edits == (Edit("rename", path, near),)
    assert codes.UNKNOWN_KEY not in codes_of(apply_edits(HEAD + text, finding.fix.edits))


@pytest.mark.parametrize(
    "text",
    [
        "nodes: {orders: {kind: t.x}, b: {kind: t.x, from: ordres.rest}}",
        "nodes: {orders: {kind: t.x}, b: {kind: t.x, from: {left: [orders, odrers]}}}",
        "nodes: {orders: {kind: t.x}}\ntests: [{name: a, given: {ordrs: []}}]",
        "nodes: {orders: {kind: t.x}}\noutputs: {a: ordrs}",
        "nodes: {a: {kind: t.x, muted: yes}}",
        "nodes: {a: {kind: t.x, title: 2026}}",
        "settings: {counts: edge}",
        "params: {a: {type: int}}",
        "params: {a: {type: enum, values: [open, paid], default: piad}}",
    ],
)
def test_a_fix_removes_its_finding(text: str) -> None:
    findings = load_text(HEAD + text)[1]
    assert len(findings) == 1
    assert findings[0].fix is not None
    assert load_text(apply_edits(HEAD + text, findings[0].fix.edits))[1] == ()


def test_a_missing_name_and_a_name_that_is_no_slug_are_findings() -> None:
    assert codes_of("runnel: 1") == [codes.MISSING_KEY]
    finding = only("runnel: 1\nname: My orders/2026\n", codes.NAME_NOT_SLUG)
    assert finding.fix is not None
    assert finding.fix.edits == (Edit("set", ("name",), "My_orders_2026"),)


@pytest.mark.parametrize("name", ["a", "1", "_a", "a-b_c", "données", "数据", "заказы", "हिन्दी"])
def test_names_of_any_script_are_slugs(name: str) -> None:
    pipeline, findings = load_text(f'runnel: 1\nname: "{name}"\nnodes: {{"{name}": {{kind: t.x}}}}\n')
    assert findings == ()
    assert pipeline is not None
    assert list(pipeline.nodes) == [name]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("runnel: 2\nname: x", codes.VERSION_NEWER),
        ("runnel: one\nname: x", codes.VERSION_UNKNOWN),
        ("runnel: true\nname: x", codes.VERSION_UNKNOWN),
        ("runnel: -1\nname: x", codes.VERSION_UNKNOWN),
        ("runnel:\nname: x", codes.VERSION_UNKNOWN),
    ],
)
def test_a_format_version_that_is_not_known_stops_loading(text: str, code: str) -> None:
    pipeline, findings = load_text(text)
    assert pipeline is None
    assert [finding.code for finding in findings] == [code]


def test_a_missing_format_version_is_only_a_warning() -> None:
    pipeline, findings = load_text("name: x")
    assert pipeline is not None
    assert [(finding.code, finding.severity) for finding in findings] == [(codes.MISSING_KEY, "warning")]


@pytest.mark.parametrize(
    ("value", "wires"),
    [
        ("a", (Wire("a"),)),
        ("a.rest", (Wire("a", "rest"),)),
        ("a.route.one", (Wire("a", "route.one"),)),
        ("[a, b.rest]", (Wire("a"), Wire("b", "rest"))),
        ("{left: a, right: b.rest}", (Wire("a", None, "left"), Wire("b", "rest", "right"))),
        ("{inputs: [a, b]}", (Wire("a", None, "inputs"), Wire("b", None, "inputs"))),
        ("[a, {right: b}]", (Wire("a"), Wire("b", None, "right"))),
        ("", ()),
        ("[]", ()),
    ],
)
def test_every_form_of_from_gives_its_wires(value: str, wires: tuple[Wire, ...]) -> None:
    pipeline = loaded(f"nodes:\n  a: {{kind: t.x}}\n  b: {{kind: t.x}}\n  c:\n    kind: t.x\n    from: {value}\n")
    assert pipeline.nodes["c"].wires == wires


def test_a_reference_may_name_an_input_of_a_sub_pipeline_or_an_inner_node() -> None:
    loaded("inputs: {orders: {}}\nnodes: {a: {kind: t.x, from: orders}}\ntests: [{name: t, expect: {a/inner: []}}]")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-11-30", "2026-11-30"),
        ("2026-11-30T08:00:00Z", "2026-11-30T08:00:00Z"),
        ("0x1F", 31),
        ("0o17", 15),
        ("0b11", "0b11"),
        ("+12", 12),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("12345678901234567890123456789012345678", 12345678901234567890123456789012345678),
        ("1.2.3", "1.2.3"),
        ('"12"', "12"),
        ("!!str 12", "12"),
        ("=", "="),
    ],
)
def test_scalars_mean_what_the_core_schema_of_yaml_1_2_says(written: str, value: Any) -> None:
    pipeline = loaded(f"nodes: {{a: {{kind: t.x, config: {{on: {written}}}}}}}")
    found = pipeline.nodes["a"].config["on"]
    assert found == value
    assert type(found) is type(value)


def test_config_keeps_the_order_of_its_keys_and_keys_are_text() -> None:
    config = loaded("nodes: {a: {kind: t.x, config: {z: 1, on: 2, 1: 3, true: 4, ~: 5}}}").nodes["a"].config
    assert list(config) == ["z", "on", "1", "true", "~"]


def test_aliases_are_allowed_and_lines_are_known() -> None:
    pipeline = loaded("nodes:\n  a: {kind: t.x, config: &c {b: 1}}\n  d:\n    kind: t.x\n    config: *c\n")
    assert pipeline.nodes["d"].config == {"b": 1}
    assert pipeline.lines[("nodes", "d", "config")] == (7, 5)


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for place in range(9):
        this, last = chr(98 + place), chr(97 + place)
        lines.append(f"{this}: &{this} [{', '.join([f'*{last}'] * 9)}]")
    assert codes_of("\n".join(lines)) == [codes.ALIAS_BOMB]


def test_aliases_cannot_build_depth() -> None:
    lines = ["a0: &a0 [x]", *(f"a{place}: &a{place} [*a{place - 1}]" for place in range(1, 150))]
    assert codes_of("\n".join(lines)) == [codes.TOO_DEEP]


def test_too_many_nodes_are_one_finding() -> None:
    nodes = "".join(f"  n{place}: {{kind: t.x}}\n" for place in range(50_000))
    assert codes_of(f"{HEAD}nodes:\n{nodes}") == [codes.TOO_MANY_NODES]
    data = {"runnel": 1, "name": "x", "nodes": {f"n{place}": {"kind": "t.x"} for place in range(5001)}}
    assert codes.TOO_MANY_NODES in [finding.code for finding in from_mapping(data)[1]]


def test_very_many_wrong_references_end_soon() -> None:
    nodes = "".join(f"  n{place}: {{kind: t.x, from: m{place}}}\n" for place in range(4_000))
    assert codes_of(f"{HEAD}nodes:\n{nodes}").count(codes.UNKNOWN_NODE) == 4_000


def test_too_many_values_and_bytes_are_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_VALUES", 100)
    assert codes_of(f"a: [{'x, ' * 200}]") == [codes.TOO_MANY_VALUES]
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    assert codes_of(f"a: {'x' * 200}") == [codes.TOO_MANY_BYTES]


def test_an_empty_text_is_a_finding() -> None:
    assert codes_of("") == [codes.EMPTY_DOCUMENT]
    assert codes_of("# only a comment\n") == [codes.EMPTY_DOCUMENT]


def test_files_are_read_as_utf_8_with_or_without_a_mark(tmp_path: Path) -> None:
    file = tmp_path / "a.runnel.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode())
    assert load_file(file)[1] == ()
    file.write_bytes(b"runnel: 1\nname: \xff\n")
    finding = load_file(file)[1][0]
    assert (finding.code, finding.where.line, finding.where.column) == (codes.NOT_UTF8, 2, 7)
    file.write_text("a: b: c")
    assert str(file) in load_file(file)[1][0].what


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    assert [finding.code for finding in load_file(tmp_path / "missing.yaml")[1]] == [codes.FILE_UNREADABLE]
    assert [finding.code for finding in load_file(tmp_path)[1]] == [codes.FILE_UNREADABLE]
    assert [finding.code for finding in load_file("a\0b")[1]] == [codes.FILE_UNREADABLE]


def test_the_json_form_takes_tuples_and_refuses_what_json_cannot_hold() -> None:
    nodes = {"a": {"kind": "t.x", "config": {"on": ("b", "c"), "when": object(), "rate": float("nan"), 5: 1}}}
    pipeline, findings = from_mapping({"runnel": 1, "name": "x", "nodes": nodes})
    assert pipeline is not None
    assert pipeline.nodes["a"].config["on"] == ["b", "c"]
    assert [finding.code for finding in findings] == [codes.NOT_JSON, codes.NOT_JSON, codes.KEY_NOT_TEXT]
    assert {finding.where.node for finding in findings} == {"a"}


def test_the_json_form_may_be_anything() -> None:
    wrong: Any = ["a"]
    assert from_mapping(wrong)[0] is None
    cycle: dict[str, Any] = {"runnel": 1, "name": "x"}
    cycle["ui"] = cycle
    assert codes.TOO_DEEP in [finding.code for finding in from_mapping(cycle)[1]]


def test_naughty_strings_pass_as_titles_and_are_judged_as_ids() -> None:
    for text in NAUGHTY:
        nodes = {"a": {"kind": "t.x", "title": text, "config": {"key": text, text: 1}}}
        pipeline, findings = from_mapping({"runnel": 1, "name": "x", "title": text, "nodes": nodes})
        assert pipeline is not None
        assert findings == ()
        assert (pipeline.title, pipeline.nodes["a"].config["key"]) == (text, text)
        as_id, found = from_mapping({"runnel": 1, "name": text, "nodes": {text: {"kind": "t.x"}}})
        assert as_id is not None
        assert has_errors(found) == any(finding.code in {codes.NAME_NOT_SLUG, codes.ID_NOT_SLUG} for finding in found)


def test_every_code_has_one_sentence() -> None:
    constants = {value for name, value in vars(codes).items() if name.isupper()}
    assert set(codes.codes) == constants
    assert all(sentence.endswith(".") and len(sentence) > 15 for sentence in codes.codes.values())
