"""Saving: the canonical text, the JSON form, and formatting that keeps comments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from runnel.errors import AuthoringError
from runnel.model import NodeDoc, Pipeline, Wire, format_text, from_mapping, load_text, to_mapping, to_yaml
from runnel.model.emitting import WIDTH
from runnel.model.saving import FIRST_LINE

NAUGHTY = json.loads((Path(__file__).parents[2] / "data/strings/blns.json").read_text(encoding="utf-8"))


def one_node(**fields: object) -> Pipeline:
    return Pipeline(name="x", nodes={"a": NodeDoc("a", "t.x", **fields)})  # type: ignore[arg-type]


def test_the_first_line_names_the_schema_for_editors() -> None:
    assert to_yaml(Pipeline(name="x")) == f"{FIRST_LINE}\nrunnel: 1\nname: x\nnodes: {{}}\n"


def test_short_config_stands_on_one_line_and_long_config_in_a_block() -> None:
    assert "    config: {how: left, on: [id]}\n" in to_yaml(one_node(config={"how": "left", "on": ["id"]}))
    long = to_yaml(one_node(config={"columns": [f"column_{place}" for place in range(20)]}))
    assert "    config:\n      columns:\n        - column_0\n" in long
    assert max(map(len, long.split("\n"))) <= WIDTH


def test_text_of_several_lines_is_a_literal_block() -> None:
    text = to_yaml(one_node(config={"sql": "select *\nfrom a\n"}))
    assert "      sql: |\n        select *\n        from a\n" in text


@pytest.mark.parametrize(
    "value", ["plain", "a b", "it's", "count(*)", "sum(price * quantity)", "data/orders.csv", "1_000"]
)
def test_text_that_reads_as_text_is_not_quoted(value: str) -> None:
    assert f"config: {{a: {value}}}" in to_yaml(one_node(config={"a": value}))


@pytest.mark.parametrize(
    "value", ["", "1", "null", "true", "~", "a: b", "a #b", "- a", "on", " a", "a,b", "[a", "007", "\t"]
)
def test_text_that_would_read_otherwise_is_quoted(value: str) -> None:
    assert f"config: {{a: {json.dumps(value)}}}" in to_yaml(one_node(config={"a": value}))


def test_naughty_strings_survive_in_every_place_and_other_readers_agree() -> None:
    for text in NAUGHTY:
        config = {"value": text, text: {text: [text, {text: [[text]]}]}}
        pipeline = one_node(config=config, title=text, note=text)
        written = to_yaml(pipeline)
        assert load_text(written) == (pipeline, ())
        if "\x85" not in text and "\u2028" not in text:
            assert YAML(typ="safe", pure=True).load(written)["nodes"]["a"]["title"] == text


@pytest.mark.parametrize(
    "value", ["x" * 3000, "x\n" * 3000, "\n", "\n\n", "a\n\n\n", " a\nb", "a \nb", "\ufeff", "\u2028", "\0"]
)
def test_long_and_odd_text_survives_as_key_and_value(value: str) -> None:
    pipeline = one_node(config={value: value, "list": [value, [value], {value: value}]})
    assert load_text(to_yaml(pipeline)) == (pipeline, ())


def test_what_json_cannot_hold_is_an_error_and_never_written() -> None:
    for value in (float("nan"), object(), "\ud800"):
        with pytest.raises(AuthoringError, match="RNL-EDIT-002"):
            to_yaml(one_node(config={"a": value}))


@pytest.mark.parametrize(
    ("wires", "value"),
    [
        ((Wire("a"),), "a"),
        ((Wire("a", "rest"), Wire("b")), ["a.rest", "b"]),
        ((Wire("a", None, "left"), Wire("b", None, "right")), {"left": "a", "right": "b"}),
        ((Wire("a", None, "in"), Wire("b", None, "in")), {"in": ["a", "b"]}),
        ((Wire("a", None, "x"), Wire("b", None, "y"), Wire("c", None, "x")), [{"x": "a"}, {"y": "b"}, {"x": "c"}]),
        ((Wire("a"), Wire("b", None, "y")), ["a", {"y": "b"}]),
    ],
)
def test_wires_are_written_in_the_shortest_form_that_keeps_their_order(wires: tuple[Wire, ...], value: object) -> None:
    assert to_mapping(one_node(wires=wires))["nodes"]["a"]["from"] == value


def test_defaults_are_left_out() -> None:
    assert to_mapping(one_node()) == {"runnel": 1, "name": "x", "nodes": {"a": {"kind": "t.x"}}}
    data = {"runnel": 1, "name": "x", "active": False, "nodes": {}, "settings": {"timeout_seconds": 30, "seed": 4}}
    pipeline, _ = from_mapping(data)
    assert pipeline is not None
    assert to_mapping(pipeline) == data


def test_formatting_keeps_comments_order_and_quotes() -> None:
    text = (
        "name:    x   # the name\nrunnel: 1\n# about nodes\nnodes:\n    a:\n"
        "        kind:   'source.file'\n        from:\n        - b\n"
    )
    wanted = (
        "name: x      # the name\nrunnel: 1\n# about nodes\nnodes:\n  a:\n"
        "    kind: 'source.file'\n    from:\n      - b\n"
    )
    assert format_text(text) == wanted
    assert format_text(wanted) == wanted


def test_formatting_ends_lines_alike_and_drops_spaces_behind() -> None:
    assert format_text("\ufeffrunnel: 1  \r\nname: x\r\n\r\n\r\n\r\nui: {}") == "runnel: 1\nname: x\n\nui: {}\n"


def test_formatting_keeps_what_words_and_numbers_mean() -> None:
    text = "runnel: 1\nname: x\nui: {a: on, b: 1_000, c: 0x1F, d: 010, e: 1e3, f: 2026-11-30, g: ~, h: !!str 1}\n"
    before, _ = load_text(text)
    after, _ = load_text(format_text(text))
    assert before == after


def test_text_that_is_not_yaml_cannot_be_formatted() -> None:
    with pytest.raises(AuthoringError, match="RNL-DOC-001"):
        format_text("a: b: c")
