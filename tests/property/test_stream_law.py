"""For every node of streams: any cutting of bounded rows into batches, epochs and restarts gives the batch result."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stream_law import check_law, compiled

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = {"at": "TIMESTAMP WITH TIME ZONE", "id": "BIGINT", "user": "VARCHAR", "kind": "VARCHAR", "v": "INTEGER", "x": "DOUBLE"}


def events(seed: int, count: int = 240, partitions: int = 3, spread: float = 8.0) -> list[tuple[str, dict[str, Any]]]:
    """Events of some partitions, out of order by up to `spread` seconds, a few much too late or without values."""
    random_ = random.Random(seed)
    made = []
    for number in range(count):
        late = random_.random() < 0.06
        seconds = number * 0.9 - random_.uniform(0, spread) - (60 if late else 0)
        row = {
            "at": BEGIN + timedelta(seconds=round(seconds, 3)), "id": number, "user": random_.choice(["ann", "bob", "eve", None]),
            "kind": random_.choice(["view", "cart", "pay"]), "v": random_.choice([None, *range(20)]),
            "x": random_.choice([None, random_.uniform(-5, 5)]),
        }  # fmt: skip
        made.append((f"p{random_.randrange(partitions)}", row))
    return made


def document(steps: str, ports: dict[str, str], delay: float = 5.0) -> str:
    sinks = "\n".join(
        f"  {name}: {{kind: sink.dataset, from: {port}, config: {{name: {name}, mode: append}}}}" for name, port in ports.items()
    )
    source = f"  src: {{kind: source.given, config: {{name: src, event_time: at, watermark_delay_seconds: {delay}}}}}"
    return f"runnel: 1\nname: law\nnodes:\n{source}\n{steps}\n{sinks}\n"


WINDOWS = {
    "tumbling": ("  w: {kind: stream.window, from: src, config: {size_seconds: 10, group_by: [user], "
                 "values: {n: count(*), s: sum(v), m: avg(x), lo: min(id), hi: max(at), few: count(v) FILTER (WHERE v > 9)}}}"),
    "rows kept": ("  w: {kind: stream.window, from: src, config: {size_seconds: 10, group_by: [user], "
                  "values: {mid: median(v), kinds: count(DISTINCT kind), first: first(id), d: stddev_samp(x)}}}"),
    "sliding": ("  w: {kind: stream.window, from: src, config: {size_seconds: 10, slide_seconds: 3, group_by: [kind], "
                "values: {n: count(*), s: sum(v), ratio: sum(v) / count(*)}}}"),
    "gaps": "  w: {kind: stream.window, from: src, config: {size_seconds: 2, slide_seconds: 5, values: {n: count(*)}}}",
    "shifted": ("  w: {kind: stream.window, from: src, config: {size_seconds: 7, offset_seconds: 2.5, time: at, "
                "values: {n: count(*), p: sum(v * 2)}}}"),
}  # fmt: skip


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.row("M-004-16", "M-003-18", "M-001-14")
def test_windows_do_not_depend_on_how_rows_come(name):
    for seed in range(3):
        case = compiled(document(WINDOWS[name], {"out": "w", "late": "w.late"}), {"src": (TYPES, events(seed))})
        check_law(case, range(4))


def test_a_window_of_windows_does_not_depend_on_how_rows_come():
    steps = """\
  some: {kind: table.filter, from: src, config: {where: "v IS NOT NULL"}}
  w: {kind: stream.window, from: some, config: {size_seconds: 5, group_by: [user], values: {n: count(*)}}}
  ww: {kind: stream.window, from: w, config: {size_seconds: 20, time: _event_time, values: {n: sum(n), most: max(n)}}}"""
    for seed in range(3):
        check_law(compiled(document(steps, {"out": "ww", "rest": "some.rest"}), {"src": (TYPES, events(seed))}), range(4))


def test_rows_that_a_window_refuses_become_dead_letters():
    steps = """  w: {kind: stream.window, from: src, config: {size_seconds: 10, values: {s: "sum(1 / (v - v)::INTEGER)"}}}"""
    case = compiled(document(steps, {"out": "w"}), {"src": (TYPES, events(1))})
    check_law(case, range(2))
