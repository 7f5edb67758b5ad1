"""What the author of a stream is told before it runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest
from stream_law import TYPES, catalog
from test_stream_law import TYPES as COLUMNS
from test_stream_law import document

from runnel.compiler.compile import Compiler
from runnel.connectors.postgres.sink import PostgresSink
from runnel.engines.duckdb.oracle import DuckOracle
from runnel.model.loading import load_text
from runnel.sdk import Relation

ROWS = "  ends: {kind: source.rows, config: {rows: [{id: 1, user: a}], columns: {id: BIGINT, user: VARCHAR}}}"
CUT = "  cut: {kind: table.select, from: src, config: {columns: [id, user]}}"
ONE = "steps: [{name: a, where: v > 1}, {name: b, where: v > 2}]"


def findings(
    steps: str, port: str = "w", severity: str = "error", mode: str = "append", told: bool = False
) -> list[tuple[str, str, str]]:
    """What is said of a pipeline; with `told` its source tells changes."""
    TYPES["src"] = {**COLUMNS, "_op": "VARCHAR"} if told else COLUMNS
    pipeline, wrong = load_text(document(steps, {"out": port}).replace("mode: append", f"mode: {mode}"))
    assert pipeline is not None, wrong
    compiler = Compiler(catalog(), DuckOracle(), lambda path, folder: (None, (), folder))
    made = compiler.compile(
        pipeline, folder=".", now=datetime(2026, 1, 1, tzinfo=UTC),
        prober=lambda node: node.node(node.config, {}, node.id).probe(duckdb.connect(), "."),
    )  # fmt: skip
    return [(found.code, found.where.field or "", found.what) for found in made.findings if found.severity == severity]


def test_rows_that_end_beside_rows_that_do_not_are_refused_at_a_union():
    found = findings(f"{ROWS}\n{CUT}\n  w: {{kind: table.union, from: [cut, ends]}}")
    assert found == [("RNL-STREAM-004", "", "w: the rows of ends end, those of the others do not")]
    assert findings("  d: {kind: table.filter, from: src, config: {where: v > 1}}\n  w: {kind: table.union, from: [src, d]}") == []


@pytest.mark.parametrize(
    ("config", "code", "field", "words"),
    [
        ("stream.window, from: src, config: {size_seconds: 1, time: v, values: {n: count(*)}}", "RNL-CONFIG-002", "time", "not a time"),
        ("stream.session, from: src, config: {gap_seconds: 1, time: v, values: {n: count(*)}}", "RNL-CONFIG-002", "time", "not a time"),
        ("stream.session, from: src, config: {gap_seconds: 1, values: {window_end: count(*)}}", "RNL-COLUMN-002", "values.window_end", "two columns"),
        ("stream.running, from: src, config: {columns: {m: median(v)}}", "RNL-STREAM-015", "columns.m", "every row since the first"),
        ("stream.running, from: src, config: {columns: {m: lead(v)}}", "RNL-STREAM-015", "columns.m", "does not keep"),
        ("stream.running, from: src, config: {columns: {m: rank()}}", "RNL-STREAM-015", "columns.m", "does not keep"),
        ("stream.running, from: src, config: {columns: {m: 'lag(v, id)'}}", "RNL-STREAM-015", "columns.m", "any number of rows"),
        ("stream.running, from: src, config: {columns: {m: sum(v) OVER (ORDER BY id)}}", "RNL-STREAM-015", "columns.m", "OVER of its own"),
        ("stream.running, from: src, config: {columns: {m: count(DISTINCT v)}}", "RNL-STREAM-015", "columns.m", "every row"),
        ("stream.anomalies, from: src, config: {value: user}", "RNL-TYPE-001", "value", "not a number"),
        ("stream.anomalies, from: src, config: {value: v, rows: 5}", "RNL-CONFIG-002", "min_rows", "only 5 rows"),
        ("stream.top_n, from: src, config: {size_seconds: 5, order_by: [-nope]}", "RNL-COLUMN-001", "order_by.0", "no column"),
        ("stream.heartbeat, from: src, config: {interval_seconds: 5, keys: [nope]}", "RNL-COLUMN-001", "keys.0", "no column"),
        ("stream.join, from: {left: src, right: src}, config: {on: {user: v}, within_seconds: 1}", "RNL-TYPE-010", "on.user", "VARCHAR"),
        ("stream.pattern, from: src, config: {within_seconds: 5, columns: {x: c.v}, " + ONE + "}", "RNL-CONFIG-002", "columns.x", "no column of a step"),
        ("stream.pattern, from: src, config: {within_seconds: 5, columns: {x: a.nope}, " + ONE + "}", "RNL-COLUMN-001", "columns.x", "no column"),
        ("stream.pattern, from: src, config: {within_seconds: 5, steps: [{name: a, where: v > 1, absent: true}]}", "RNL-CONFIG-002", "steps.0", "absent"),
        ("stream.pattern, from: src, config: {within_seconds: 5, steps: [{name: a, where: v + 1}]}", "RNL-EXPR-020", "steps.0.where", "true or false"),
        ("table.deduplicate, from: src, config: {keys: [id]}", "RNL-STREAM-001", "", "needs all rows"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_found_at_their_field(config, code, field, words):
    found = findings(f"  w: {{kind: {config}}}")
    assert [(item[0], item[1]) for item in found] == [(code, field)], found
    assert words in found[0][2]


def test_a_join_with_a_side_that_ends_names_the_node_that_does_it():
    found = findings(f"{ROWS}\n  w: {{kind: stream.join, from: {{left: src, right: ends}}, config: {{on: [id], within_seconds: 1}}}}")
    assert [item[2] for item in found if item[0] == "RNL-STREAM-001"] == [
        "w (stream.join): one side ends; table.join and table.lookup hold it whole"
    ]


EARLY = "  w: {kind: stream.window, from: src, config: {size_seconds: 9, emit: early, group_by: [user], values: {n: count(*)}}}"
UPSERT = "upsert, key: [user, window_start]"


def pointed(steps: str, **given: Any) -> list[tuple[str, str]]:
    return [(code, where) for code, where, _ in findings(steps, **given)]


def test_early_results_go_to_targets_that_keep_rows_by_key_and_through_nodes_that_keep_nothing():
    named = f"{EARLY}\n  d: {{kind: table.derive, from: w, config: {{columns: {{twice: n * 2}}}}}}"
    for port, steps in (("w", EARLY), ("d", named)):
        assert pointed(steps, port=port, mode=UPSERT) == pointed(steps, port=port, mode=UPSERT, severity="warning") == []
        assert pointed(steps, port=port) == [("RNL-STREAM-007", "mode")]
        assert pointed(steps, port=port, mode="replace") == [("RNL-STREAM-007", "mode")]
    dropped = f"{EARLY}\n  d: {{kind: table.drop, from: w, config: {{columns: [_op]}}}}"
    assert pointed(dropped, port="d") == []
    assert pointed(EARLY.replace("emit: early", "emit: close")) == []


def test_nodes_that_remember_rows_refuse_early_results_and_say_of_whom():
    steps = f"{EARLY}\n  d: {{kind: table.derive, from: w, config: {{columns: {{twice: n * 2}}}}}}\n"
    for kind in ("running, from: d, config: {columns: {s: sum(n)}}", "window, from: d, config: {size_seconds: 60, values: {m: max(n)}}"):
        found = findings(f"{steps}  again: {{kind: stream.{kind}}}", port="again", mode=UPSERT.replace("user, ", ""))
        assert found[0][0] == "RNL-STREAM-007" and "those of d are changes" in found[0][2], found


def test_changes_that_a_source_tells_may_be_counted_and_that_is_said():
    counted = "  w: {kind: stream.window, from: src, config: {size_seconds: 9, values: {n: count(*)}}}"
    assert pointed(counted, told=True) == []
    assert pointed(counted, told=True, severity="warning") == [("RNL-STREAM-007", "")]
    assert pointed(counted, port="src", told=True, severity="warning") == [("RNL-STREAM-007", ""), ("RNL-STREAM-007", "mode")]


def test_a_table_to_which_rows_are_added_cannot_apply_changes():
    for columns, codes in (({"id": "BIGINT", "_op": "VARCHAR"}, ["RNL-STREAM-007"]), ({"id": "BIGINT"}, [])):
        config = PostgresSink.Config.model_validate({"connection": "c", "table": "t"})
        assert [found.code for found in PostgresSink(config).check({"input": Relation.table("t", columns)})] == codes


def test_a_group_of_early_results_is_not_called_like_the_mark_of_changes():
    steps = """\
  d: {kind: table.derive, from: src, config: {columns: {_op: kind}}}
  w: {kind: stream.window, from: d, config: {size_seconds: 9, emit: early, group_by: [_op], values: {n: count(*)}}}"""
    assert ("RNL-COLUMN-002", "group_by") in pointed(steps)
    assert ("RNL-COLUMN-002", "values._op") in pointed(EARLY.replace("{n: count(*)}", "{_op: count(*)}"))
