"""From rows of a dataset back to the records that made them: each set of records, alone, gives its row again (R31)."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from faulting import Tally, connect, seeds, size
from stream_lives import pipeline, rows_of_dataset, until_finished
from topics import START_MILLIS, fill, source, topic

from building import fresh_folder

EVENTS = 100_000
SAMPLE = size("FAULT_SIZE", 12)
KILLS = size("FAULT_KILLS", 0)
USERS = 50
PIPELINE = """\
runnel: 1
name: traced
nodes:
{source}
  good: {{kind: table.validate, from: events, config: {{rules: [{{check: "v >= 5", name: enough, message: too little}}]}}}}
  users: {{kind: source.file, config: {{path: users.csv}}}}
  known:
    kind: table.lookup
    from: {{input: good.valid, lookup: users}}
    config: {{on: [user], columns: [country], defaults: {{country: "??"}}}}
  totals:
    kind: stream.window
    from: known
    config: {{size_seconds: 5, group_by: [country], values: {{n: "count(*)", total: "sum(v)", least: "min(id)", mean: "avg(v)"}}}}
  saved: {{kind: sink.dataset, from: totals, config: {{name: totals}}}}
  large: {{kind: table.filter, from: known, config: {{where: "v >= 990"}}}}
  named: {{kind: table.derive, from: large, config: {{columns: {{label: "user || '-' || country"}}}}}}
  singles: {{kind: sink.dataset, from: named, config: {{name: singles}}}}
"""


def event(number: int) -> dict[str, Any]:
    return {"id": number, "user": f"u{number * 13 % USERS}", "v": number * 31 % 1000, "ts": START_MILLIS + number}


def country(user: int) -> str:
    return ("DE", "FR", "US")[user % 3] if user < 40 else "??"


def traced(folder: Path, *options: str, code: int = 0) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", "stream", "trace", "traced", "--json", *options],
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, (done.stdout.decode()[-2000:], done.stderr.decode()[-3000:])
    return json.loads(done.stdout)


def ids(row: dict[str, Any]) -> Counter[int]:
    return Counter(json.loads(one["value"])["id"] for one in row["records"])


@pytest.fixture(scope="module", params=seeds("1"))
def lived(request, kafka):
    """A run of 100,000 records, killed on the way."""
    random_ = random.Random(request.param)
    name = topic(kafka.address, 3)
    fill(kafka.address, name, ((number % 3, event(number)) for number in range(EVENTS)))
    with fresh_folder() as folder:
        users = "".join(f"u{number},{country(number)}\n" for number in range(40))
        (folder / "users.csv").write_text(f"user,country\n{users}", "utf-8")
        path = pipeline(folder, PIPELINE.format(source=source(name, "id: BIGINT, user: VARCHAR, v: BIGINT, ts: BIGINT")))
        connect(folder, "broker", "kafka", bootstrap_servers=kafka.address, security="plaintext")
        until_finished(path, random_, KILLS, (0.0, 0.5))
        yield folder, random_


def expected() -> dict[tuple[str, int], set[int]]:
    made: dict[tuple[str, int], set[int]] = defaultdict(set)
    for number in range(EVENTS):
        if number * 31 % 1000 >= 5:
            made[country(number * 13 % USERS), number // 5000].add(number)
    return made


def test_the_records_of_a_window_are_exactly_those_that_it_counted(lived, tally: Tally):
    folder, random_ = lived
    rows = [dict(row) for row in rows_of_dataset(folder, "totals")]
    wanted = expected()
    assert len(rows) == len(wanted)
    where = " OR ".join(
        f"(country = '{row['country']}' AND window_start = '{row['window_start']}')" for row in random_.sample(rows, SAMPLE)
    )
    found = traced(folder, "--dataset", "totals", "--where", where, "--limit", "1000")["rows"]
    assert len(found) == SAMPLE
    for row in found:
        made = row["row"]
        records = next(one for (name, _), one in wanted.items() if name == made["country"] and min(one) == made["least"])
        tally.cases += 1
        tally.compare(Counter(records), ids(row))
        tally.unexplained += not (row["reproduced"] and row["how"] == "carried" and not row["gone"])
        assert len({(one["partition"], one["position"]) for one in row["records"]}) == made["n"]
    tally.clean()


def test_a_row_of_a_node_without_state_has_its_one_record(lived, tally: Tally):
    folder, random_ = lived
    rows = [dict(row) for row in rows_of_dataset(folder, "singles")]
    chosen = sorted(random_.sample([row["id"] for row in rows], 30))
    where = f"id IN ({', '.join(map(str, chosen))})"
    found = traced(folder, "--dataset", "singles", "--where", where, "--limit", "500")["rows"]
    for row in found:
        tally.cases += 1
        tally.compare(Counter([row["row"]["id"]]), ids(row))
        tally.unexplained += not row["reproduced"]
    assert sorted(row["row"]["id"] for row in found) == chosen
    tally.clean()


def test_rows_of_a_sink_are_traced_by_their_epochs(lived, tally: Tally):
    folder, _ = lived
    found = traced(folder, "--sink", "saved", "--epoch", "1", "--to", "100000",
                   "--where", "country = '??' AND least < 5000")["rows"]  # fmt: skip
    assert len(found) == 1
    tally.cases += 1
    tally.compare(Counter(expected()["??", 0]), ids(found[0]))
    tally.unexplained += not found[0]["reproduced"]
    tally.clean()



def test_records_that_the_broker_has_removed_are_named_as_gone(lived, kafka, tally: Tally):
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    folder, _ = lived
    where = ["--dataset", "totals", "--where", "country = '??' AND least < 5000"]
    (before,) = traced(folder, *where)["rows"]
    partition = before["records"][0]["partition"]
    name, _, number = partition.rpartition("/")
    admin = AdminClient({"bootstrap.servers": kafka.address})
    admin.delete_records([TopicPartition(name, int(number), before["records"][3]["position"])])
    for done in admin.delete_records([TopicPartition(name, int(number), before["records"][3]["position"])]).values():
        done.result()
    (found,) = traced(folder, *where, code=1)["rows"]
    tally.cases += 1
    assert not found["reproduced"] and found["gone"][0]["source"] == "events"
    assert "not there any more" in found["gone"][0]["what"], found["gone"]
    tally.clean()


def test_whatever_is_not_needed_is_left_out():
    from runnel.app.streams.tracing_worker import narrowed

    places = [("events", number, "0") for number in range(300)]
    needed = {places[3], places[4], places[250]}
    assert narrowed(places, lambda kept: needed <= kept) == (needed, True)
    several = {frozenset(places[5:60]), frozenset(places[100:103])}
    found, whole = narrowed(places, lambda kept: any(one <= kept for one in several))
    assert whole and frozenset(found) in several
    every_third = set(places[::3])
    found, whole = narrowed(places * 1, lambda kept: every_third <= kept)
    assert every_third <= found
