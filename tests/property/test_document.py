"""Round trips of documents, and edits that touch only the lines that they mean."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from runnel.errors import AuthoringError
from runnel.model import (
    DeadLetterSettings,
    Edit,
    InputDoc,
    NodeDoc,
    Param,
    Pipeline,
    Settings,
    TestDoc,
    Wire,
    apply_edits,
    edit_mapping,
    emitting,
    format_text,
    from_mapping,
    has_errors,
    load_text,
    semantic_hash,
    to_mapping,
    to_yaml,
)
from runnel.model.reading import SourceNode, read
from runnel.model.splicing import find

NAUGHTY = json.loads((Path(__file__).parents[1] / "data/strings/blns.json").read_text(encoding="utf-8"))
FAST = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

encodable = st.characters(exclude_categories=("Cs",))
texts = st.one_of(
    st.text(encodable, max_size=12),
    st.text("ab:#- \n'\"{}[],|>&*!%@`\t\\", max_size=10),
    st.sampled_from(NAUGHTY),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
configs = st.dictionaries(texts, values, max_size=4)
slugs = st.one_of(
    st.from_regex(r"[a-z_0-9é][a-z0-9_-]{0,6}", fullmatch=True), st.sampled_from(["on", "null", "1", "数据"])
)
ports = st.one_of(st.none(), st.sampled_from(["left", "right", "on", "a.b"]))


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    ids = draw(st.lists(slugs, min_size=1, max_size=5, unique=True))
    wire = st.builds(Wire, st.sampled_from(ids), ports, ports)
    nodes = {
        name: NodeDoc(
            id=name,
            kind=draw(st.sampled_from(["source.file", "table.filter", "table.sql"])),
            config=draw(configs),
            wires=tuple(draw(st.lists(wire, max_size=4))),
            after=tuple(draw(st.lists(st.sampled_from(ids), max_size=2))),
            title=draw(st.one_of(st.none(), texts)),
            muted=draw(st.booleans()),
            pinned=draw(st.one_of(st.none(), values)),
            note=draw(st.one_of(st.none(), texts)),
        )
        for name in ids
    }
    rows = st.lists(configs, max_size=2).map(tuple)
    tables = st.dictionaries(st.sampled_from(ids), rows, max_size=2)
    tests = st.lists(st.builds(TestDoc, texts, tables, tables, configs, st.one_of(st.none(), texts)), max_size=2)
    param = st.builds(Param, st.just("string"), texts, st.just(True), texts)
    return Pipeline(
        name=draw(slugs),
        nodes=nodes,
        title=draw(st.one_of(st.none(), texts)),
        params=draw(st.dictionaries(slugs, param, max_size=2)),
        tests=tuple(draw(tests)),
        settings=Settings(
            DeadLetterSettings(
                draw(st.one_of(st.none(), st.integers(0, 99))), draw(st.sampled_from([None, 0.0, 0.25]))
            ),
            timeout_seconds=draw(st.sampled_from([None, 1.0, 2.5])),
            seed=draw(st.integers(0, 9)),
        ),
        ui=draw(configs),
        inputs=draw(st.dictionaries(slugs.filter(lambda name: name not in ids), st.builds(InputDoc), max_size=1)),
        outputs={"clean": ids[0]},
        active=draw(st.booleans()),
    )


@FAST
@given(pipelines())
def test_a_document_survives_its_json_form(pipeline: Pipeline) -> None:
    loaded, findings = from_mapping(json.loads(json.dumps(to_mapping(pipeline))))
    assert loaded == pipeline
    assert not has_errors(findings)


@FAST
@given(pipelines())
def test_a_document_survives_canonical_yaml(pipeline: Pipeline) -> None:
    loaded, findings = load_text(to_yaml(pipeline))
    assert loaded == pipeline
    assert not has_errors(findings)
    assert json.dumps(to_mapping(loaded)) == json.dumps(to_mapping(pipeline))


@FAST
@given(pipelines())
def test_formatting_keeps_the_meaning_and_a_second_pass_changes_nothing(pipeline: Pipeline) -> None:
    once = format_text(to_yaml(pipeline))
    loaded, _ = load_text(once)
    assert loaded == pipeline
    assert format_text(once) == once


@FAST
@given(pipelines(), st.randoms())
def test_the_order_of_nodes_does_not_change_the_hash(pipeline: Pipeline, random: Any) -> None:
    data = to_mapping(pipeline)
    names = list(data["nodes"])
    random.shuffle(names)
    data["nodes"] = {name: data["nodes"][name] for name in names}
    shuffled, _ = from_mapping(data)
    assert shuffled is not None
    assert semantic_hash(shuffled) == semantic_hash(pipeline)


@FAST
@given(st.one_of(st.text(encodable, max_size=200), st.text("a:- \n{}[]&*!|>'\"#?,%@\t", max_size=40)))
def test_no_text_makes_loading_raise(text: str) -> None:
    pipeline, findings = load_text(text)
    assert pipeline is not None or findings


@FAST
@given(values)
def test_no_json_value_makes_loading_raise(value: Any) -> None:
    pipeline, findings = from_mapping({"runnel": 1, "name": "x", "nodes": value, "params": value, "tests": value})
    assert pipeline is not None
    assert all(finding.code.startswith("RNL-DOC-") for finding in findings)


DOCUMENT = """\
# yaml-language-server: $schema=.runnel/schema.json
runnel: 1   # version
name: orders

# the title is below
title: 'Orders'   # quoted
params:
  status: {type: string, default: paid}   # one

nodes:
  # first
  orders:
    kind: source.file   # reads
    config: {path: data/orders.csv, columns: {a: BIGINT, b: "VARCHAR"}}

  paid:
    kind:   table.filter
    from:   orders   # wire
    # about the config
    config:
      where: |
        a > 1

        and b < 2

      # before the list
      list:
      - one   # 1
      -   two
      - {x: 1}
      nothing:
      deep:
        deeper:
          deepest: 1   # here
  both:
    kind: table.join
    from:
      left: orders
      right: paid.rest
    config: {
      how: left,   # flow with a comment
      on: [id]
    }
tests:
  - name: first
    given: {orders: [{a: 1}, {a: 2}]}
    # expect
    expect:
      paid:
        - a: 2
          b: 3
        - - odd
settings:
  seed: 3

# the end
"""


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, item in parts for place in places(item, (*path, key)))]


@st.composite
def edits(draw: st.DrawFn, data: Any) -> Edit:
    path = draw(st.sampled_from([place for place in places(data) if place]))
    op = draw(st.sampled_from(["set", "set", "set", "delete", "rename"]))
    if op == "rename":
        return Edit("rename", path, draw(texts))
    if op == "delete":
        return Edit("delete", path)
    if draw(st.booleans()):
        path = (*path, draw(st.one_of(texts, st.integers(0, 3))))
    return Edit("set", path, draw(values))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from([DOCUMENT, DOCUMENT.replace("\n", "\r\n"), "\ufeff" + DOCUMENT]))
def test_an_edited_text_reads_as_the_edited_mapping(data: st.DataObject, text: str) -> None:
    current = read(text.removeprefix("\ufeff")).root.value
    for _ in range(data.draw(st.integers(1, 3))):
        edit = data.draw(edits(current))
        try:
            current = edit_mapping(current, [edit])
        except AuthoringError:
            continue
        text = apply_edits(text, [edit])
        assert json.dumps(read(text.removeprefix("\ufeff")).root.value) == json.dumps(current)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_an_edit_leaves_every_line_outside_its_value_as_it_is(data: st.DataObject) -> None:
    source = read(DOCUMENT)
    edit = data.draw(edits(source.root.value))
    try:
        edit_mapping(source.root.value, [edit])
    except AuthoringError:
        assume(False)
    edited = iter(apply_edits(DOCUMENT, [edit]).split("\n"))
    meant = lines_of(source.root, edit.path)
    outside = [line for number, line in enumerate(DOCUMENT.split("\n")) if number not in meant]
    assert all(line in edited for line in outside)


def lines_of(root: SourceNode, path: tuple[Any, ...]) -> range:
    """Return the lines of the entry that an edit may write anew: its parent's, or its own at the top of the file."""
    known = path[: max(len(path) - 1, 1)]
    while find(root, known) is None or (find(root, known).value is None and len(known) > 1):
        known = known[:-1]
        if not known:
            return range(0)
    parent, node = find(root, known[:-1]), find(root, known)
    place = parent.items.index(node)
    first = parent.keys[place].line if parent.keys else node.line
    last = max(DOCUMENT.count("\n", 0, node.end), first)
    return range(first, last + 1)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.one_of(st.integers(), st.text("abc xyz", min_size=1, max_size=9).map(str.strip)))
def test_setting_a_scalar_changes_exactly_one_line(data: st.DataObject, value: Any) -> None:
    source = read(DOCUMENT)
    scalar = [place for place in places(source.root.value) if place and place in ONE_LINE]
    path = data.draw(st.sampled_from(scalar))
    edited = apply_edits(DOCUMENT, [Edit("set", path, value)])
    changed = [line for line in difflib.ndiff(DOCUMENT.split("\n"), edited.split("\n")) if line[0] in "+-"]
    assert len(changed) in {0, 2}
    assert emitting.flow(value) in edited or emitting.scalar(value, flow=False) in edited


ONE_LINE = [
    ("name",),
    ("title",),
    ("params", "status", "default"),
    ("nodes", "orders", "kind"),
    ("nodes", "orders", "config", "path"),
    ("nodes", "orders", "config", "columns", "b"),
    ("nodes", "paid", "kind"),
    ("nodes", "paid", "from"),
    ("nodes", "paid", "config", "list", 0),
    ("nodes", "paid", "config", "list", 1),
    ("nodes", "paid", "config", "list", 2, "x"),
    ("nodes", "paid", "config", "nothing"),
    ("nodes", "paid", "config", "deep", "deeper", "deepest"),
    ("nodes", "both", "from", "left"),
    ("nodes", "both", "config", "how"),
    ("tests", 0, "given", "orders", 1, "a"),
    ("tests", 0, "expect", "paid", 0, "a"),
    ("settings", "seed"),
]
