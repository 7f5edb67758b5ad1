"""Early results: told one after the other, for any cutting, lanes and deaths, the last row of each key is that of the batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from stream_law import Case, Memory, _plain, at_once, compiled, cycled, fresh_run, records_of, streamed
from test_stream_law import BEGIN, TYPES, events
from test_stream_law import document as appending

from runnel.runtime.stream.committing import commit, is_due
from runnel.runtime.stream.early import wake

WINDOWS = {
    "tumbling": "size_seconds: 10, group_by: [user], values: {n: count(*), s: sum(v), m: avg(x), hi: max(at)}",
    "rows kept": "size_seconds: 10, group_by: [user], values: {mid: median(v), kinds: count(DISTINCT kind), f: first(id)}",
    "no columns kept": "size_seconds: 10, values: {n: 'list(1)'}",
    "sliding": "size_seconds: 10, slide_seconds: 3, group_by: [kind], values: {n: count(*), s: sum(v)}",
    "sliding rows": "size_seconds: 10, slide_seconds: 4, values: {mid: median(v)}",
    "gaps": "size_seconds: 2, slide_seconds: 5, values: {n: count(*)}",
    "shifted": "size_seconds: 7, offset_seconds: 2.5, time: at, values: {p: sum(v * 2)}",
}
SESSIONS = {
    "in parts": "gap_seconds: 4, group_by: [user], values: {n: count(*), s: sum(v), m: avg(x)}",
    "rows kept": "gap_seconds: 3, group_by: [user], values: {f: first(id), d: median(v)}",
    "of all": "gap_seconds: 1.5, values: {n: count(*), kinds: count(DISTINCT kind)}",
    "guarded": "gap_seconds: 3, group_by: [kind], values: {s: sum(100 // v)}",
}
OP = "_op"
Row = Mapping[str, Any]


def in_order(run: Any, sink: str) -> Iterator[Row]:
    """The rows of a sink, epoch after epoch, as its target gets them."""
    for parcel in run.row.outboxes.get(sink, ()):
        yield from run.loader(parcel, sink)().rows.to_pylist()


def folded(rows: Iterator[Row], key: tuple[str, ...]) -> dict[Any, Row]:
    """What a target holds that keeps rows by key; every change must fit what is there."""
    held: dict[Any, Row] = {}
    for row in rows:
        name = tuple(row[column] for column in key)
        assert row[OP] in ("insert", "update", "delete")
        assert (row[OP] == "insert") == (name not in held), (row, held.get(name))
        if row[OP] == "delete":
            del held[name]
        else:
            held[name] = row
    return held


def key_of(config: str) -> tuple[str, ...]:
    """The group of a window, and where it begins."""
    return (*(name for name in ("user", "kind") if f"[{name}]" in config), "window_start")


def plain(rows: Any) -> Counter[Any]:
    return Counter(tuple((name, _plain(value)) for name, value in row.items() if name != OP) for row in rows)


def check(case: Case, key: tuple[str, ...], seeds: range) -> Counter[str]:
    """Compare what is held at the end with the batch; returns how many rows were told of each operation."""
    wanted = plain(map(dict, at_once(case)["out"].elements()))
    operations: Counter[str] = Counter()
    for seed in seeds:
        _, run, _ = streamed(case, seed)
        told = list(in_order(run, "out"))
        held = plain(folded(iter(told), key).values())
        assert held == wanted, f"seed {seed}: missing {list(wanted - held)[:3]}, too many {list(held - wanted)[:3]}"
        assert run.ledger().balanced, run.ledger().findings
        operations.update(row[OP] for row in told)
        run.bases.close()
    return operations


def document(steps: str, key: tuple[str, ...], *ports: str) -> str:
    """A pipeline whose first sink keeps rows by key."""
    text = appending(steps, {"out": ports[0], **{port.replace(".", "_"): port for port in ports[1:]}})
    return text.replace("{name: out, mode: append}", f"{{name: out, mode: upsert, key: [{', '.join(key)}]}}")


def early(kind: str, config: str, every: float) -> str:
    return f"  w: {{kind: stream.{kind}, from: src, config: {{emit: early, every_seconds: {every}, {config}}}}}"


@pytest.mark.parametrize(
    ("name", "every"), [*((name, 0) for name in WINDOWS), ("tumbling", 3e-6), ("sliding rows", 3e-6)]
)
@pytest.mark.row("M-004-16")
def test_the_last_row_of_each_window_is_that_of_the_batch(name, every):
    """The clock of these runs is the number of the epoch in microseconds: every third of them may tell, or all may."""
    key = key_of(WINDOWS[name])
    case = compiled(document(early("window", WINDOWS[name], every), key, "w", "w.late"), {"src": (TYPES, events(1))})
    assert check(case, key, range(4))["update"] > 0


@pytest.mark.parametrize(("name", "every"), [*((name, 0) for name in SESSIONS), ("in parts", 3e-6)])
@pytest.mark.row("M-003-282")
def test_the_last_row_of_each_session_is_that_of_the_batch_and_keys_that_moved_are_deleted(name, every):
    key = key_of(SESSIONS[name])
    case = compiled(document(early("session", SESSIONS[name], every), key, "w", "w.late"), {"src": (TYPES, events(1))})
    assert check(case, key, range(6))["delete"] > 0


def test_targets_hold_the_newest_while_rows_come():
    """Without a key the batch has one row per window; what is held after any epoch is the batch of the rows so far."""
    steps = early("window", "size_seconds: 20, values: {n: count(*), s: sum(id)}", 0)
    text = document(steps, ("window_start",), "w", "w.late")
    rows = events(3, partitions=1)
    case = compiled(text, {"src": (TYPES, rows)})
    run = fresh_run(case, Memory())
    given = [row for _, row in rows]
    for begin in range(0, len(given), 24):
        cycled(run, [("src", records_of("src", "p0", begin, given[begin : begin + 24]))])
        commit(run)
        so_far = compiled(text, {"src": (TYPES, rows[: begin + 24])})
        held = folded(in_order(run, "out"), ("window_start",)).values()
        assert plain(held) == plain(map(dict, at_once(so_far)["out"].elements()))
        compiled(text, {"src": (TYPES, rows)})
    assert len(given) > 200


def test_changes_go_through_nodes_that_keep_nothing():
    window = early("window", "size_seconds: 10, group_by: [user], values: {n: count(*)}", 0)
    steps = f"""{window}
  big: {{kind: table.derive, from: w, config: {{columns: {{double: n * 2}}}}}}
  names: {{kind: source.rows, config: {{rows: [{{u: ann, full: Ann A.}}, {{u: bob, full: Bob B.}}]}}}}
  named: {{kind: table.lookup, from: {{input: big, lookup: names}}, config: {{on: {{user: u}}, defaults: {{full: nobody}}}}}}"""
    case = compiled(document(steps, ("user", "window_start"), "named"), {"src": (TYPES, events(2))})
    assert check(case, ("user", "window_start"), range(4))["update"] > 0


def test_what_is_told_too_soon_is_told_later_though_nothing_comes():
    steps = early("window", "size_seconds: 3600, values: {n: count(*)}", 2)
    rows = events(1, partitions=1)
    run = fresh_run(compiled(document(steps, ("window_start",), "w"), {"src": (TYPES, rows)}), Memory())
    now = [1_780_000_000.0]
    run.options = replace(run.options, clock=lambda: now[0])
    given = [row for _, row in rows if row["at"] > BEGIN]

    def told() -> list[tuple[str, int]]:
        return [(row[OP], row["n"]) for row in in_order(run, "out")]

    for count, wanted in ((2, [("insert", 2)]), (3, [("insert", 2)])):
        cycled(run, [("src", records_of("src", "p0", run.epoch.number * 10, given[:count]))])
        commit(run)
        assert told() == wanted
        now[0] += 0.5
    wake(run)
    assert not is_due(run)  # half a second is left of the two
    now[0] += 1.0
    wake(run)
    assert is_due(run)
    commit(run)
    assert told() == [("insert", 2), ("update", 5)]
    now[0] += 60
    wake(run)
    assert not is_due(run)  # nothing came since


def test_an_epoch_with_the_time_of_the_one_before_tells_new_windows_as_new():
    """So is the first one after another version took over, and after a pause that a person ended."""
    for kind in ("window, size_seconds: 5", "session, gap_seconds: 2"):
        name, size = kind.split(", ")
        steps = early(name, f"{size}, values: {{n: count(*)}}", 0)
        rows = events(1, partitions=1, spread=0)
        case = compiled(document(steps, ("window_start",), "w"), {"src": (TYPES, rows)})
        run = fresh_run(case, Memory())
        for begin in range(0, 240, 20):
            cycled(run, [("src", records_of("src", "p0", begin, [row for _, row in rows[begin : begin + 20]]))])
            before = run.time
            commit(run)
            run.epoch.began, run.epoch.changed = 1.0, True
            assert run.time == before
        run.closing = True
        run.cycle([])
        commit(run, finished=True)
        assert plain(folded(in_order(run, "out"), ("window_start",)).values()) == plain(
            map(dict, at_once(case)["out"].elements())
        )


def test_a_window_that_has_not_changed_is_not_told_again():
    steps = early("window", "size_seconds: 10, group_by: [user], values: {n: count(*)}", 0)
    case = compiled(document(steps, ("user", "window_start"), "w"), {"src": (TYPES, events(4))})
    for seed in range(3):
        _, run, _ = streamed(case, seed, deaths=False)
        last: dict[Any, Row] = {}
        same = 0
        for row in in_order(run, "out"):
            key = (row["user"], row["window_start"])
            same += key in last and last[key]["n"] == row["n"]
            last[key] = row
        assert same <= len(last)  # the closing row alone may say what was said


def test_batches_give_each_window_once_and_know_no_changes():
    source = "  src: {kind: source.rows, config: {columns: {at: TIMESTAMPTZ, v: BIGINT}, rows: [{at: '2026-01-01 00:00:01Z', v: 1}]}}"
    steps = "  w: {kind: stream.window, from: src, config: {emit: early, time: at, size_seconds: 10, values: {n: count(*)}}}"
    sink = "  out: {kind: sink.dataset, from: w, config: {name: out, mode: append}}"
    made = compiled(f"runnel: 1\nname: law\nnodes:\n{source}\n{steps}\n{sink}\n", {})
    assert list(made.compiled.typed["w"].schemas["output"]) == ["window_start", "window_end", "n"]
