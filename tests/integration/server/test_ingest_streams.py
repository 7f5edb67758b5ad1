"""A stream over records that were sent by HTTP: each once, typed by how it came, whatever is restarted in between."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import httpx
import pytest

from building import fresh_folder
from integration.server.test_ingest import sender
from runnel.connectors.ingest.reading import PARTITION, IngestReader
from runnel.connectors.ingest.settings import FORMATS, IngestSettings, read_settings
from runnel.connectors.ingest.source import IngestSource
from runnel.errors import AuthoringError, ConnectorError
from runnel.sdk.streaming import Position
from runnel.store.log.layout import SEGMENT_BYTES, segments
from runnel.store.log.project import ProjectLogs
from running import ENVIRONMENT, RUNNEL, running

PIPELINE = """\
runnel: 1
name: orders
nodes:
  events: {kind: source.ingest, config: {columns: {id: BIGINT, note: VARCHAR}}}
  saved: {kind: sink.dataset, from: events, config: {name: kept, mode: append}}
"""


@pytest.fixture
def root():
    with fresh_folder() as folder:
        (folder / "orders.runnel.yaml").write_text(PIPELINE)
        yield folder


def runnel(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        [RUNNEL, *arguments], cwd=root, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


def caught_up(root: Path) -> dict:
    return json.loads(runnel(root, "run", "orders.runnel.yaml", "--until-caught-up", "--json"))


def kept(root: Path) -> list[dict]:
    rows = json.loads(runnel(root, "datasets", "read", "kept", "--format", "json"))
    return sorted(rows, key=lambda row: row["id"])


def post(client: httpx.Client, body: bytes, kind: str) -> None:
    answer = client.post("/ingest/orders/events", content=body, headers={"content-type": kind})
    assert answer.status_code == 200, answer.text


@pytest.mark.row("M-004-63")
def test_every_record_arrives_once_as_it_was_sent(root):
    with running(root) as server, sender(server) as client:
        post(client, b'{"id":1,"note":"line"}\n{"id":2,"note":null}\n', "application/x-ndjson")
        post(client, b'[{"id":3,"note":"of an array"},{"id":"no number"},5]', "application/json")
        post(client, b'note,id\n"two\nlines",4\nlate,x\n', "text/csv")
        post(client, b"no columns", "text/plain")
        report = caught_up(root)
    assert kept(root) == [
        {"id": 1, "note": "line"}, {"id": 2, "note": None}, {"id": 3, "note": "of an array"}, {"id": 4, "note": "two\nlines"},
    ]  # fmt: skip
    source = next(node for node in report["ledger"]["nodes"] if node["node"] == "events")
    assert source["dead_lettered"] == 4 and source["created"] == 4, source


def test_a_second_run_reads_on_where_the_first_one_ended(root):
    with running(root) as server, sender(server) as client:
        for start in range(0, 30, 10):
            post(
                client,
                b"".join(b'{"id":%d,"note":"n"}\n' % number for number in range(start, start + 10)),
                "application/x-ndjson",
            )
            caught_up(root)
    assert [row["id"] for row in kept(root)] == list(range(30))


def reader_of(home: Path, **options: str) -> IngestReader:
    return IngestReader(ProjectLogs(home).reader("orders.events", "me"), "me", **options)


@pytest.mark.parametrize("most", [1, 2, 7, 1000])
def test_any_cut_gives_the_same_records(tmp_path, most):
    log = ProjectLogs(tmp_path).writer("orders.events")
    for start in range(0, 40, 8):
        log.append("".join(f"{number}\n" for number in range(start, start + 8)).encode(), 8, 1).result(5)
    reader = reader_of(tmp_path)
    reader.open({PARTITION: None})
    found, numbers = [], []
    while not (records := reader.poll(1, most, 0)[0]).at_end:
        found += records.table["value"].to_pylist()
        numbers += records.table["_position"].to_pylist()
        reader.close()
        reader = reader_of(tmp_path)
        reader.open({PARTITION: Position.from_json(json.loads(json.dumps(records.position.to_json())))})
    assert found == [str(number).encode() for number in range(40)] and numbers == list(range(40))
    assert reader.ends() == {PARTITION: 40}
    log.close()


def test_a_damaged_log_stops_the_stream_with_the_gap_by_name(tmp_path):
    log = ProjectLogs(tmp_path).writer("orders.events")
    for _ in range(3):
        log.append(b"a\nb\n", 2, 1).result(5)
    log.close()
    path = segments(tmp_path / "logs" / "orders.events")[0].path
    text = bytearray(path.read_bytes())
    text[SEGMENT_BYTES + 60] ^= 1
    path.write_bytes(text)
    reader = reader_of(tmp_path)
    with pytest.raises(ConnectorError, match="records 0 to 1 are missing"):
        reader.open({PARTITION: None})
        reader.poll(1 << 20, 1000, 0)


def test_the_latest_start_leaves_out_what_is_there(tmp_path):
    log = ProjectLogs(tmp_path).writer("orders.events")
    log.append(b"old\n", 1, 1).result(5)
    reader = reader_of(tmp_path, start="latest")
    reader.open({PARTITION: None})
    log.append(b"new\n", 1, 1).result(5)
    assert reader.poll(1 << 20, 1000, 1)[0].table["value"].to_pylist() == [b"new"]
    log.close()


def test_a_log_that_nobody_wrote_yet_is_waited_for(tmp_path):
    reader = reader_of(tmp_path)
    reader.open({PARTITION: None})
    assert reader.poll(1 << 20, 1000, 0)[0].at_end
    log = ProjectLogs(tmp_path).writer("orders.events")
    log.append(b"first\n", 1, 1).result(5)
    assert reader.poll(1 << 20, 1000, 1)[0].table["value"].to_pylist() == [b"first"]
    log.close()


def test_the_server_reads_a_config_as_the_catalogue_does():
    config, settings = IngestSource.Config(), IngestSettings()
    for name in ("format", "max_bytes", "max_request_bytes", "idempotency_hours"):
        assert getattr(config, name) == getattr(settings, name), name
    assert set(FORMATS) == set(IngestSource.Config.model_fields["format"].annotation.__args__)
    assert read_settings({}, {}, str) == settings


@pytest.mark.parametrize("config", [
    {"format": "xml"}, {"max_bytes": "1"}, {"max_bytes": True}, {"max_request_bytes": 0}, {"signing_keys": ["a", "b", "c"]},
    {"signing_keys": [""]}, {"max_bytes": "${params.none}"}, {"max_bytes": "${env.X}"}, {"idempotency_hours": -1},
])  # fmt: skip
def test_settings_that_do_not_fit_are_refused_by_name(config):
    with pytest.raises(AuthoringError):
        read_settings(config, {"none": {"type": "integer"}}, str)
