"""What the nodes over streams mean, told a second time in plain loops: the law alone would not see a wrong rule."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from stream_law import at_once, compiled
from test_stream_law import TYPES, document, events

Row = dict[str, Any]
SEEDS = range(3)


def in_time(rows: list[tuple[str, Row]], delay: float = 5.0) -> list[Row]:
    """The rows that are not late, in the order of (time, partition, place)."""
    newest: dict[str, Any] = {}
    kept = []
    for place, (partition, row) in enumerate(rows):
        if partition not in newest or row["at"] >= newest[partition] - timedelta(seconds=delay):
            kept.append((row["at"], partition, place, row))
        newest[partition] = max(newest.get(partition, row["at"]), row["at"])
    return [row for *_, row in sorted(kept, key=lambda item: item[:3])]


def by_user(rows: list[Row]) -> Iterator[list[Row]]:
    for user in {row["user"] for row in rows}:
        yield [row for row in rows if row["user"] == user]


def result(node: str, given: list[tuple[str, Row]], columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    made = at_once(compiled(document(f"  w: {{kind: {node}}}", {"out": "w"}), {"src": (TYPES, given)}))
    return ordered(tuple(dict(row)[name] for name in columns) for row in made["out"].elements())


def ordered(rows: Any) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)


def seconds(a: Row, b: Row) -> float:
    return (b["at"] - a["at"]).total_seconds()


@pytest.mark.parametrize("seed", SEEDS)
def test_sessions_are_rows_less_than_the_gap_apart(seed):
    given, wanted = events(seed), []
    for rows in by_user(in_time(given)):
        group = [rows[0]]
        for row in [*rows[1:], None]:
            if row is not None and seconds(group[-1], row) < 4:
                group.append(row)
                continue
            wanted.append((rows[0]["user"], group[0]["at"], group[-1]["at"] + timedelta(seconds=4), len(group), group[0]["id"]))
            group = [row] if row is not None else []
    config = "gap_seconds: 4, group_by: [user], values: {n: count(*), f: first(id)}"
    found = result(f"stream.session, from: src, config: {{{config}}}", given, ("user", "window_start", "window_end", "n", "f"))
    assert found == ordered(wanted)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.row("M-004-14")
def test_a_row_goes_through_when_the_last_that_did_is_long_enough_ago(seed):
    given, wanted = events(seed), []
    for rows in by_user(in_time(given)):
        last = None
        for row in rows:
            if last is None or seconds(last, row) >= 5:
                wanted.append((row["id"],))
                last = row
    assert result("stream.deduplicate, from: src, config: {keys: [user], within_seconds: 5}", given, ("id",)) == ordered(wanted)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.row("M-000-69")
def test_running_values_are_those_of_the_rows_before(seed):
    given, wanted = events(seed), []
    for rows in by_user(in_time(given)):
        for place, row in enumerate(rows):
            known = [r["v"] for r in rows[: place + 1] if r["v"] is not None]
            last = [r["v"] for r in rows[max(0, place - 2) : place + 1] if r["v"] is not None]
            before = rows[place - 2]["v"] if place >= 2 else -1
            mean = float(f"{statistics.fmean(known):.9g}") if known else None
            wanted.append((row["id"], before, sum(known) if known else None, len(known), mean, rows[0]["v"], max(last, default=None)))
    columns = "p: 'lag(v, 2, -1)', s: sum(v), n: count(v), m: avg(v), f: first(v)"
    found = result(f"stream.running, from: src, config: {{partition_by: [user], columns: {{{columns}}}}}", given,
                   ("id", "p", "s", "n", "m", "f"))  # fmt: skip
    assert found == ordered(item[:-1] for item in wanted)
    moving = result("stream.running, from: src, config: {partition_by: [user], moving_rows: 3, columns: {x: max(v), p: 'lag(v, 9)'}}",
                    given, ("id", "x"))  # fmt: skip
    assert moving == ordered((item[0], item[-1]) for item in wanted)


def chains(rows: list[Row], absent: bool, overlap: bool, within: float = 6) -> Iterator[tuple[int, int | None]]:
    """Matches of `view`, then `cart` (or then no `cart`), told by looking ahead from each row."""
    free = -1
    for place, row in enumerate(rows):
        if row["kind"] != "view" or (not overlap and place <= free):
            continue
        after = next((at for at in range(place + 1, len(rows)) if rows[at]["kind"] == "cart"), None)
        near = after is not None and seconds(row, rows[after]) <= within
        if absent and not near:
            yield row["id"], None
            free = place
        elif not absent and near:
            assert after is not None
            yield row["id"], rows[after]["id"]
            free = after


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("absent", "skip"), [(False, "past_last"), (False, "none"), (True, "past_last")])
@pytest.mark.row("M-003-20", "M-004-17")
def test_a_pattern_takes_the_first_fitting_row_after_each(seed, absent, skip):
    given = events(seed)
    wanted = [match for rows in by_user(in_time(given)) for match in chains(rows, absent, skip == "none")]
    steps = f"[{{name: a, where: \"kind = 'view'\"}}, {{name: b, where: \"kind = 'cart'\", absent: {str(absent).lower()}}}]"
    columns = "{x: a.id}" if absent else "{x: a.id, y: b.id}"
    config = f"keys: [user], within_seconds: 6, skip: {skip}, columns: {columns}, steps: {steps}"
    found = result(f"stream.pattern, from: src, config: {{{config}}}", given, ("x",) if absent else ("x", "y"))
    assert wanted and found == ordered(match[: 1 if absent else 2] for match in wanted)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_silence_is_told_once_per_interval_until_the_next_row(seed):
    given, wanted = events(seed), []
    for rows in by_user(in_time(given)):
        for row, after in zip(rows, [*rows[1:], None], strict=True):
            for missed in (1, 2, 3):
                if after is None or row["at"] + timedelta(seconds=4 * missed) < after["at"]:
                    wanted.append((row["user"], row["at"], missed))
    found = result("stream.heartbeat, from: src, config: {interval_seconds: 4, keys: [user], times: 3}", given,
                   ("user", "last_time", "missed"))  # fmt: skip
    assert found == ordered(wanted)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.row("M-003-18")
def test_an_anomaly_is_far_from_the_median_of_the_rows_before(seed):
    given, wanted = events(seed), []
    for rows in by_user(in_time(given)):
        for place, row in enumerate(rows):
            before = [r["x"] for r in rows[max(0, place - 12) : place] if r["x"] is not None]
            score = None
            if len(before) >= 4 and row["x"] is not None:
                middle = statistics.median(before)
                spread = statistics.median(abs(x - middle) for x in before)
                score = 0.6745 * (row["x"] - middle) / spread
            wanted.append((row["id"], score is not None and abs(score) > 1.5))
    found = result("stream.anomalies, from: src, config: {value: x, keys: [user], rows: 12, min_rows: 4, threshold: 1.5}", given,
                   ("id", "is_anomaly"))  # fmt: skip
    assert found == ordered(wanted) and any(hit for _, hit in wanted)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_join_pairs_rows_of_one_key_that_are_near(seed):
    left, right = events(seed), events(seed + 9, count=120)
    pairs, alone = [], []
    lefts, rights = in_time(left), in_time(right, 3)
    for a in lefts:
        near = [b for b in rights if a["user"] is not None and a["user"] == b["user"] and -1 <= seconds(a, b) <= 3]
        pairs += [(a["id"], b["id"]) for b in near]
        alone += [] if near else [(a["id"], None)]
    text = document("  j: {kind: stream.join, from: {left: src, right: other}, config: {on: [user], how: left, within_seconds: 3, "
                    "before_seconds: 1}}", {"out": "j"})  # fmt: skip
    other = "nodes:\n  other: {kind: source.given, config: {name: other, event_time: at, watermark_delay_seconds: 3}}\n"
    made = at_once(compiled(text.replace("nodes:\n", other, 1), {"src": (TYPES, left), "other": (TYPES, right)}))
    found = ordered((dict(row)["id"], dict(row)["id_right"]) for row in made["out"].elements())
    assert pairs and alone and found == ordered([*pairs, *alone])
