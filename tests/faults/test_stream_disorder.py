"""Records out of order within the bound count as sorted ones do; those beyond it leave through `late`, each of them (R12)."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any

import pytest
from faulting import Tally, connect, seeds, size
from stream_lives import pipeline, rows_of_dataset, until_finished
from topics import START_MILLIS, fill, source, topic

from building import fresh_folder

EVENTS = 20_000 * size("FAULT_SIZE", 1)
KILLS = size("FAULT_KILLS", 1)
PARTITIONS = 3
BOUND_SECONDS = 600
WINDOW_SECONDS = 300
PIPELINE = """\
runnel: 1
name: disorder
nodes:
{source}
  totals:
    kind: stream.window
    from: events
    config: {{size_seconds: 300, group_by: [user], values: {{n: "count(*)", total: "sum(v)", least: "min(id)"}}}}
  saved: {{kind: sink.dataset, from: totals, config: {{name: totals}}}}
  behind: {{kind: sink.dataset, from: totals.late, config: {{name: behind}}}}
"""


def shuffled(random_: random.Random, too_late: float) -> list[tuple[int, dict[str, Any]]]:
    """Events of five hours, each up to the bound older than its place says; a share of them is older by far."""
    made = []
    for number in range(EVENTS):
        place = number * 5 * 3600 * 1000 // EVENTS
        back = random_.randrange(BOUND_SECONDS * 1000)
        if random_.random() < too_late:
            back += random_.randrange(2 * BOUND_SECONDS * 1000)
        event = {"id": number, "user": random_.choice("abcd"), "v": random_.randrange(1, 100),
                 "ts": START_MILLIS + max(0, place - back)}  # fmt: skip
        made.append((random_.randrange(PARTITIONS), event))
    return made


def on_time(events: list[tuple[int, dict[str, Any]]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Tell the events whose window was open from the others: by the newest event before in the same partition."""
    newest: dict[int, int] = defaultdict(lambda: -(10**18))
    good, late = [], []
    for partition, event in events:
        mark = newest[partition] - BOUND_SECONDS * 1000
        end = (event["ts"] // (WINDOW_SECONDS * 1000) + 1) * WINDOW_SECONDS * 1000
        (late if end <= mark else good).append(event)
        newest[partition] = max(newest[partition], event["ts"])
    return good, late


def totals(events: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    groups: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        groups[event["user"], event["ts"] // (WINDOW_SECONDS * 1000)].append(event)
    return Counter(
        (user, number, len(found), sum(event["v"] for event in found), min(event["id"] for event in found))
        for (user, number), found in groups.items()
    )


def read_totals(folder: Any) -> Counter[tuple[Any, ...]]:
    from datetime import datetime

    made: Counter[tuple[Any, ...]] = Counter()
    for row in rows_of_dataset(folder, "totals").elements():
        found = dict(row)
        moment = datetime.fromisoformat(found["window_start"]).timestamp()
        made[found["user"], round(moment) // WINDOW_SECONDS, found["n"], found["total"], found["least"]] += 1
    return made


@pytest.mark.parametrize("too_late", [0.0, 0.02])
@pytest.mark.parametrize("seed", seeds("1"))
def test_disorder_within_the_bound_changes_nothing_and_what_is_beyond_it_is_told(seed, too_late, kafka, tally: Tally):
    random_ = random.Random(seed)
    events = shuffled(random_, too_late)
    good, late = on_time(events)
    assert bool(late) == bool(too_late)
    name = topic(kafka.address, PARTITIONS)
    fill(kafka.address, name, events)
    with fresh_folder() as folder:
        columns = "id: BIGINT, user: VARCHAR, v: BIGINT, ts: BIGINT"
        path = pipeline(folder, PIPELINE.format(source=source(name, columns, BOUND_SECONDS)))
        connect(folder, "broker", "kafka", bootstrap_servers=kafka.address, security="plaintext")
        lives = until_finished(path, random_, KILLS, (0.0, 0.8))
        tally.compare(totals(good), read_totals(folder))
        passed = {entry["node"]: entry for entry in lives.report["ledger"]["nodes"]}
        assert passed["behind"]["absorbed"] == len(late)
        tally.compare(Counter(event["id"] for event in late), late_ids(folder) if late else Counter())
    tally.cases += len(events)
    tally.note(kills=lives.kills, late=len(late))
    assert lives.report["ledger"]["balanced"]
    tally.clean()


def late_ids(folder: Any) -> Counter[Any]:
    return Counter(dict(row)["id"] for row in rows_of_dataset(folder, "behind").elements())
