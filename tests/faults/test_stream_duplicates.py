"""What is sent three times has its effect once: messages of a broker, requests with a key (R11)."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from faulting import Tally, connect, finish, seeds, size
from stream_lives import pipeline, rows_of_dataset, until_finished
from topics import START_MILLIS, fill, source, topic

from building import fresh_folder
from integration.server.test_ingest import sender
from running import running

EVENTS = 9_000 * size("FAULT_SIZE", 1)
KILLS = size("FAULT_KILLS", 1)
TIMES = 3
ONCE = """\
runnel: 1
name: once
nodes:
{source}
  first: {{kind: stream.deduplicate, from: events, config: {{keys: [id]}}}}
  saved: {{kind: sink.dataset, from: first, config: {{name: kept, mode: append}}}}
"""
KEYED = """\
runnel: 1
name: once
nodes:
  events: {kind: source.ingest, config: {columns: {id: BIGINT, v: BIGINT, ts: BIGINT}}}
  saved: {kind: sink.dataset, from: events, config: {name: kept, mode: append}}
"""
COLUMNS = "id: BIGINT, v: BIGINT, ts: BIGINT"


def kept(folder: Path) -> Counter[tuple[int, int]]:
    return Counter((dict(row)["id"], dict(row)["v"]) for row in rows_of_dataset(folder, "kept").elements())


def event(number: int) -> dict[str, Any]:
    return {"id": number, "v": number * 7 % 1000, "ts": START_MILLIS + number}


WANTED = Counter((number, number * 7 % 1000) for number in range(EVENTS))


@pytest.mark.parametrize("seed", seeds("1"))
def test_a_message_that_a_broker_has_three_times_counts_once(seed, kafka, tally: Tally):
    random_ = random.Random(seed)
    sent = [(random_.randrange(3), number, number + random_.random() * 2000) for number in range(EVENTS) for _ in range(TIMES)]
    sent.sort(key=lambda one: one[2])
    name = topic(kafka.address, 3)
    fill(kafka.address, name, ((partition, event(number)) for partition, number, _ in sent))
    with fresh_folder() as folder:
        path = pipeline(folder, ONCE.format(source=source(name, COLUMNS, 5)))
        connect(folder, "broker", "kafka", bootstrap_servers=kafka.address, security="plaintext")
        lives = until_finished(path, random_, KILLS, (0.0, 0.8))
        tally.compare(WANTED, kept(folder))
    passed = {entry["node"]: entry for entry in lives.report["ledger"]["nodes"]}
    assert passed["events"]["records"] == TIMES * EVENTS
    assert lives.report["ledger"]["balanced"]
    tally.cases += len(sent)
    tally.note(kills=lives.kills)
    tally.clean()


@pytest.mark.parametrize("seed", seeds("1"))
def test_a_request_that_is_sent_three_times_counts_once_also_after_a_kill_of_the_server(seed, tally: Tally):
    random_ = random.Random(seed)
    groups = [range(start, min(start + 100, EVENTS)) for start in range(0, EVENTS, 100)]
    again = 0
    with fresh_folder() as folder:
        path = pipeline(folder, KEYED)
        left = [number for number in range(len(groups)) for _ in range(TIMES)]
        random_.shuffle(left)
        token = ""
        for part in (left[: len(left) // 2], left[len(left) // 2 :]):
            with running(folder) as server, sender(server, "ingest:once/events") as client:
                token = token or client.headers["authorization"]  # a key is known for one sender
                client.headers["authorization"] = token
                for number in part:
                    body = "\n".join(json.dumps(event(one)) for one in groups[number])
                    headers = {"content-type": "application/x-ndjson", "idempotency-key": f"group-{number}"}
                    answer = client.post("/ingest/once/events", content=body, headers=headers)
                    assert answer.status_code == 200, answer.text
                    again += answer.headers.get("idempotent-replayed") == "true"
                server.kill()
        finish(path)
        tally.compare(WANTED, kept(folder))
    tally.cases += len(left)
    tally.note(kills=2, told_as_repeated=again)
    assert again == (TIMES - 1) * len(groups)
    tally.clean()

