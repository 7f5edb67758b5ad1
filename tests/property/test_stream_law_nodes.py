"""The law of streams for every node with state, each with settings that reach its corners."""

from __future__ import annotations

import pytest
from stream_law import check_law, compiled
from test_stream_law import TYPES, document, events

VIEW, CART, PAY = ("{name: a, where: \"kind = 'view'\"}", "{name: b, where: \"kind = 'cart'\"}", "{name: c, where: \"kind = 'pay'\"}")
NO_CART = "{name: b, where: \"kind = 'cart'\", absent: true}"

CASES = {
    "session": ("session", "gap_seconds: 4, group_by: [user], values: {n: count(*), s: sum(v), m: avg(x)}", ()),
    "session whose values need all rows": ("session", "gap_seconds: 1.5, values: {n: count(*), f: first(id), d: median(v)}", ()),
    "session of guarded rows": ("session", "gap_seconds: 3, group_by: [kind], values: {s: sum(100 // v)}", ()),
    "running": (
        "running",
        "partition_by: [user], columns: {p: lag(v), p3: 'lag(v, 3, -1)', n: count(*), nv: 'count(v) FILTER (WHERE v > 3)', "
        "s: sum(v), lo: min(v), hi: max(at), a: avg(x), f: first(v), l: last(id), r: row_number(), "
        "ch: '100.0 * (v - lag(v)) / lag(v)', b: bool_or(v > 18), c: count_if(v > 3), e: sum(v * 2) + id}",
        (),
    ),
    "running in place of a column": ("running", "columns: {v: sum(v)}", ()),
    "moving": (
        "running",
        "partition_by: [user], moving_rows: 4, columns: {m: median(v), d: stddev_samp(x), n: count(*), p: 'lag(v, 7)', "
        "k: count(DISTINCT kind)}",
        (),
    ),
    "duplicates for ever": ("deduplicate", "keys: [user, v]", ("duplicates",)),
    "duplicates within a time": ("deduplicate", "keys: [user], within_seconds: 5", ("duplicates",)),
    "changes": ("changes", "keys: [user], columns: [kind]", ("unchanged",)),
    "changes of several columns": ("changes", "columns: [kind, user]", ("unchanged",)),
    "top rows": ("top_n", "size_seconds: 12, rows: 2, order_by: [-v, id], group_by: [kind]", ()),
    "top rows of all": ("top_n", "size_seconds: 12, rows: 3, order_by: [v]", ()),
    "throttle": ("throttle", "rows: 2, interval_seconds: 7, keys: [user]", ("rest",)),
    "heartbeat": ("heartbeat", "interval_seconds: 4, keys: [user], times: 3", ()),
    "heartbeat of everything": ("heartbeat", "interval_seconds: 0.7", ()),
    "anomalies": ("anomalies", "value: x, keys: [user], rows: 12, min_rows: 4, threshold: 1.5", ()),
    "anomalies within a time": ("anomalies", "value: v, keys: [kind], seconds: 20, min_rows: 3", ()),
    "A then B": ("pattern", f"keys: [user], within_seconds: 6, columns: {{x: a.id, y: b.id}}, steps: [{VIEW}, {CART}]", ()),
    "A then B, overlapping": (
        "pattern", f"keys: [user], within_seconds: 6, skip: none, columns: {{x: a.id, y: b.id}}, steps: [{VIEW}, {CART}]", ()),
    "A then B then C": (
        "pattern", f"keys: [user], within_seconds: 15, columns: {{x: a.id, z: c.v}}, steps: [{VIEW}, {CART}, {PAY}]", ()),
    "A then no B then C": (
        "pattern",
        f"keys: [user], within_seconds: 15, skip: none, columns: {{x: a.id, z: c.id}}, steps: [{VIEW}, {NO_CART}, {PAY}]", ()),
    "A then no B": ("pattern", f"keys: [user], within_seconds: 4, columns: {{x: a.id}}, steps: [{VIEW}, {NO_CART}]", ()),
    "three of A then B": (
        "pattern",
        "within_seconds: 20, columns: {x: a.id, y: b.id}, "
        "steps: [{name: a, where: \"kind = 'view'\", times: 3}, {name: b, where: 100 // v > 9}]", ()),
    "three of A then no B": (
        "pattern",
        "within_seconds: 10, columns: {x: a.id}, "
        "steps: [{name: a, where: v < 8, times: 3}, {name: b, where: v > 12, absent: true}]", ()),
}  # fmt: skip
SEEDS, CUTTINGS = range(2), range(2)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.row("M-000-69", "M-003-18", "M-003-20", "M-003-280", "M-003-282", "M-004-12", "M-004-14", "M-004-17")
def test_a_node_with_state_does_not_depend_on_how_rows_come(name):
    kind, config, ports = CASES[name]
    steps = f"  w: {{kind: stream.{kind}, from: src, config: {{{config}}}}}"
    read = {"out": "w", "late": "w.late", **{port: f"w.{port}" for port in ports}}
    for seed in SEEDS:
        check_law(compiled(document(steps, read), {"src": (TYPES, events(seed))}), CUTTINGS)


@pytest.mark.parametrize("kind", sorted({kind for kind, _, _ in CASES.values()}))
def test_a_node_with_state_whose_other_ports_nobody_reads_reads_less(kind):
    config = next(config for found, config, _ in CASES.values() if found == kind)
    steps = f"  w: {{kind: stream.{kind}, from: src, config: {{{config}}}}}"
    check_law(compiled(document(steps, {"out": "w"}), {"src": (TYPES, events(5))}), range(1))


@pytest.mark.parametrize("within", ["", ", within_seconds: 5"])
def test_duplicates_by_arrival_do_not_depend_on_how_one_partition_is_cut(within):
    steps = f"  w: {{kind: stream.deduplicate, from: src, config: {{keys: [user], order: arrival{within}}}}}"
    ports = {"out": "w", "d": "w.duplicates", "late": "w.late"}
    for seed in SEEDS:
        check_law(compiled(document(steps, ports), {"src": (TYPES, events(seed, partitions=1))}), CUTTINGS)


JOINS = {
    "pairs": "on: [user], within_seconds: 3",
    "left rows too": "on: [user, v], within_seconds: 9, how: left",
    "right after left": "on: {user: kind}, within_seconds: 9, before_seconds: 0, how: left",
    "right before left": "on: [user], within_seconds: 2, after_seconds: 0, how: left",
}


def two_streams(steps: str, ports: dict[str, str]) -> str:
    other = "  other: {kind: source.given, config: {name: other, event_time: at, watermark_delay_seconds: 3}}\n"
    return document(steps, ports).replace("nodes:\n", f"nodes:\n{other}", 1)


@pytest.mark.parametrize("name", JOINS)
def test_a_join_of_streams_does_not_depend_on_how_rows_come(name):
    text = two_streams(f"  j: {{kind: stream.join, from: {{left: src, right: other}}, config: {{{JOINS[name]}}}}}",
                       {"out": "j", "late": "j.late"})  # fmt: skip
    for seed in SEEDS:
        given = {"src": (TYPES, events(seed)), "other": (TYPES, events(seed + 50, count=150, partitions=2))}
        check_law(compiled(text, given), CUTTINGS)


def test_nodes_with_state_follow_each_other():
    steps = """\
  once: {kind: stream.deduplicate, from: src, config: {keys: [user, v], within_seconds: 30}}
  moved: {kind: stream.running, from: once, config: {partition_by: [user], columns: {change: v - lag(v)}}}
  odd: {kind: stream.changes, from: moved, config: {keys: [user], columns: [kind]}}
  visits: {kind: stream.session, from: odd, config: {gap_seconds: 5, group_by: [user], values: {n: count(*), s: sum(change)}}}
  counted: {kind: table.drop, from: visits, config: {columns: [window_start, window_end]}}
  best: {kind: stream.top_n, from: counted, config: {size_seconds: 60, rows: 2, order_by: [-n, user]}}
  silent: {kind: stream.heartbeat, from: visits, config: {interval_seconds: 10, keys: [user]}}"""
    ports = {"top": "best", "quiet": "silent", "same": "odd.unchanged"}
    for seed in SEEDS:
        check_law(compiled(document(steps, ports), {"src": (TYPES, events(seed))}), CUTTINGS)


@pytest.mark.row("M-003-246", "M-004-15", "M-004-13")
def test_stateless_nodes_work_in_a_stream_as_in_a_batch():
    steps = """\
  checked: {kind: table.validate, from: src, config: {rules: [{name: some, check: v IS NOT NULL}, {name: small, check: v < 15}]}}
  parts: {kind: table.route, from: checked.valid, config: {routes: {views: "kind = 'view'", pays: "kind = 'pay'"}}}
  some: {kind: table.sample, from: parts.rest, config: {share: 0.5}}
  names: {kind: source.rows, config: {rows: [{u: ann, full: Ann A.}, {u: bob, full: Bob B.}, {u: bob, full: Robert}]}}
  named: {kind: table.lookup, from: {input: parts.views, lookup: names}, config: {on: {user: u}, defaults: {full: nobody}}}
  paired: {kind: table.join, from: {left: parts.pays, right: names}, config: {how: left, on: {user: u}}}
  points: {kind: source.rows, config: {rows: [{at: 0, y: 0.0}, {at: 8, y: 4.0}, {at: 16, y: 5.0}]}}
  rated: {kind: table.curve, from: {input: parts.pays, curve: points}, config: {x: v, curve_x: at, curve_y: y, measured: v}}"""
    ports = {"bad": "checked.rejected", "names_of": "named", "rates": "rated", "pairs": "paired", "sampled": "some"}
    for seed in SEEDS:
        check_law(compiled(document(steps, ports), {"src": (TYPES, events(seed))}), CUTTINGS)


@pytest.mark.parametrize("read", ["w: src", "w: d", "w: d, z: d"])
def test_a_node_that_passes_rows_on_before_a_node_with_state_is_accounted_for(read):
    steps = "  d: {kind: table.drop, from: src, config: {columns: [x]}}\n" + "\n".join(
        f"  {name}: {{kind: stream.deduplicate, from: {origin}, config: {{keys: [user, v]}}}}"
        for name, origin in (pair.split(": ") for pair in read.split(", "))
    )
    ports = {f"out_{pair[0]}": pair[0] for pair in read.split(", ")}
    check_law(compiled(document(steps, ports), {"src": (TYPES, events(2))}), range(1))
