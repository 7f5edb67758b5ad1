"""Rows to a real HTTP server: batches under stable keys, signatures, waiting, refused rows found, and streams that are killed."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from building import fresh_folder
from integration.sinks.receiver import DROPPED, HttpReceiver
from runnel.connectors.http.sending import seconds_of
from runnel.connectors.http.sink import HttpSink
from runnel.errors import AuthoringError, ConnectorError, InternalError
from runnel.runtime.stream.outbox import waited
from runnel.sdk.delivery import DeliveryContext, EpochRows
from runnel.sdk.egress import EgressPolicy

OLD, NEW = ("whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
TYPES = {"id": "BIGINT", "at": "TIMESTAMP WITH TIME ZONE", "price": "DECIMAL(20,2)"}


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    made = HttpReceiver()
    yield made
    made.close()


@pytest.fixture
def home() -> Iterator[Path]:
    with fresh_folder() as made:
        yield made


def delivery(receiver: HttpReceiver, home: Path, options: dict[str, Any] | None = None, token: int = 1, **config: Any) -> Any:
    connection = {"base_url": receiver.url, "timeout_seconds": 2, **(options or {})}
    sink = HttpSink(HttpSink.Config.model_validate({"connection": "shop", "path": "/orders", **config}), {}, "out")
    return sink.delivery(DeliveryContext(
        app="abc123-out", token=token, pipeline="p", node="out", folder=".", home=str(home), types=TYPES,
        connections={"shop": connection}, egress=EgressPolicy(False),
    ))  # fmt: skip


def rows(epoch: int, *ids: int) -> EpochRows:
    at = pa.array([1_767_225_600_000_000] * len(ids), pa.timestamp("us", "UTC"))
    return EpochRows(epoch, pa.table({"id": pa.array(ids, pa.int64()), "at": at, "price": pa.array(["1.50"] * len(ids)).cast(pa.decimal128(20, 2))}))


def keys(receiver: HttpReceiver) -> list[str]:
    return [one.headers["idempotency-key"] for one in receiver.sent]


@pytest.mark.row("M-000-43", "M-000-06")
def test_rows_go_in_batches_as_json_over_one_connection(receiver, home):
    made = delivery(receiver, home, batch_rows=4)
    assert made.open().epoch == 0
    assert made.deliver([rows(3, 1, 2, 3), rows(4, 4, 5, 6)]).epoch == 4
    made.close()
    assert [len(one.rows) for one in receiver.sent] == [4, 2]
    assert {one.path for one in receiver.sent} == {"/orders"} and receiver.connections == 1
    assert receiver.sent[0].body.startswith(b'[{"id":1,"at":"2026-01-01T00:00:00Z","price":1.50},')
    assert len(set(keys(receiver))) == 2 and all(key.startswith("abc123-out-3-") for key in keys(receiver))


@pytest.mark.parametrize(("config", "wanted"), [
    ({"format": "ndjson"}, [3]), ({"format": "object"}, [1, 1, 1]), ({"batch_bytes": 1024}, [3]),
])  # fmt: skip
def test_formats_and_limits(receiver, home, config, wanted):
    made = delivery(receiver, home, **config)
    made.open()
    made.deliver([rows(1, 1, 2, 3)])
    made.close()
    assert [len(one.rows) for one in receiver.sent] == wanted
    assert (receiver.sent[0].body[:1] == b"{") == ("format" in config)


def test_a_batch_is_no_larger_than_it_may_be(receiver, home):
    made = delivery(receiver, home, batch_bytes=1024)
    made.open()
    made.deliver([rows(1, *range(100))])
    made.close()
    assert len(receiver.sent) > 3 and all(len(one.body) <= 1100 for one in receiver.sent)
    assert [row["id"] for one in receiver.sent for row in one.rows] == list(range(100))


def test_requests_are_signed_with_both_keys_while_they_are_changed(receiver, home):
    made = delivery(receiver, home, {"auth": "signature", "secret": NEW, "previous_secret": OLD})
    made.open()
    made.deliver([rows(1, 1)])
    made.close()
    assert receiver.sent[0].is_signed_by(OLD) and receiver.sent[0].is_signed_by(NEW)
    assert receiver.sent[0].headers["webhook-id"] == keys(receiver)[0]
    once = delivery(receiver, home, {"auth": "signature", "secret": NEW})
    once.open()
    once.deliver([rows(2, 2)])
    once.close()
    assert receiver.sent[1].is_signed_by(NEW) and not receiver.sent[1].is_signed_by(OLD)


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_a_batch_that_is_not_answered_is_sent_again_under_its_key_and_no_other_one(receiver, home, status):
    answers = iter([(200, {}, b""), (status, {"Retry-After": "7"} if status == 429 else {}, b"busy")])
    receiver.answer = lambda sent: next(answers, (200, {}, b""))
    made = delivery(receiver, home, batch_rows=2)
    made.open()
    epochs = [rows(1, 1, 2, 3), rows(2, 4)]
    if status:
        with pytest.raises(ConnectorError) as caught:
            made.deliver(epochs)
        assert caught.value.retryable and caught.value.where.get("retry_after_seconds") == (7.0 if status == 429 else None)
        made.close()
        made = delivery(receiver, home, batch_rows=2)
        assert made.open().epoch == 0
    made.deliver([*epochs, rows(3, 5)] if status else epochs)
    made.close()
    assert keys(receiver)[1] == keys(receiver)[2] and len(set(keys(receiver))) == 2
    assert receiver.counted("id") == {1: 1, 2: 1, 3: 1, 4: 1}, "the group that was begun, and nothing of the next epoch"


def test_other_settings_after_a_stop_lose_no_row_of_a_receiver_that_remembers_keys(receiver, home):
    answers = iter([(200, {}, b""), (503, {}, b"")])
    receiver.answer = lambda sent: next(answers, (200, {}, b""))
    made = delivery(receiver, home, batch_rows=3)
    made.open()
    with pytest.raises(ConnectorError):
        made.deliver([rows(1, *range(9))])
    again = delivery(receiver, home, batch_rows=2)
    again.open()
    again.deliver([rows(1, *range(9))])
    assert set(receiver.counted("id")) == set(range(9))


def test_a_row_that_is_refused_is_found_and_told_again(receiver, home):
    receiver.answer = lambda sent: (422, {}, b"odd price") if any(row["id"] in (5, 11) for row in sent.rows) else (200, {}, b"")
    made = delivery(receiver, home)
    made.open()
    found = made.deliver([rows(7, *range(8)), rows(8, *range(8, 16))])
    assert [(item.epoch, item.row) for item in found.refused] == [(7, 5), (8, 3)]
    assert found.refused[0].reason == "shop answers 422: odd price"
    made.close()
    assert receiver.counted("id") == {n: 1 for n in range(16) if n not in (5, 11)}
    again = delivery(receiver, home).open()
    assert again.epoch == 8 and [(item.epoch, item.row) for item in again.refused] == [(7, 5), (8, 3)]


@pytest.mark.parametrize("status", [302, 401, 404])
def test_an_answer_that_is_the_same_for_any_row_makes_no_dead_letters(receiver, home, status):
    receiver.answer = lambda sent: (status, {"Location": "/login"}, b"")
    made = delivery(receiver, home)
    made.open()
    with pytest.raises(ConnectorError) as caught:
        made.deliver([rows(1, 1, 2)])
    assert not caught.value.retryable and len(receiver.sent) == 1 and caught.value.code == "RNL-HTTP-SINK-002"


def test_a_silent_server_is_not_waited_for_longer_than_told(receiver, home):
    import time

    receiver.answer = lambda sent: (time.sleep(3), (200, {}, b""))[1]
    made = delivery(receiver, home, {"timeout_seconds": 1})
    made.open()
    with pytest.raises(ConnectorError, match="did not answer in time") as caught:
        made.deliver([rows(1, 1)])
    assert caught.value.retryable


def test_an_owner_with_an_older_token_is_refused_and_a_guarded_address_too(receiver, home):
    delivery(receiver, home, token=2).open()
    with pytest.raises(InternalError, match="another process delivers"):
        delivery(receiver, home, token=1).open()
    made = delivery(receiver, home, token=3)
    made.open()
    made.session.policy = EgressPolicy(True)
    with pytest.raises(AuthoringError, match="is refused"):
        made.deliver([rows(1, 1)])
    assert not receiver.sent


@pytest.mark.row("M-003-191", deviation="waits double, with jitter, up to 15 s; Retry-After is kept")
def test_retry_after_is_read_as_seconds_or_as_a_date_and_waits_are_not_in_step():
    assert seconds_of("12", 0) == 12 and seconds_of("Thu, 01 Jan 1970 00:01:00 GMT", 30) == 30
    assert seconds_of("soon", 0) is None and seconds_of("99999999", 0) == 3600
    waits = {waited(4.0, ConnectorError("X", "y")) for _ in range(50)}
    assert len(waits) > 40 and all(2 <= wait <= 4 for wait in waits)
    assert waited(1.0, ConnectorError("X", "y", where={"retry_after_seconds": 9})) >= 9


PIPELINE = """\
runnel: 1
name: pushed
nodes:
  ticks:
    kind: source.simulate
    config: {events: 60000, rate_per_second: null, start: "2026-01-01T00:00:00Z", columns: {id: sequence}}
  out: {kind: sink.http, from: ticks, config: {connection: shop, path: /orders, batch_rows: 2000}}
"""


def connected(folder: Path, url: str) -> Path:
    (folder / "runnel.toml").touch()
    path = folder / "stream.runnel.yaml"
    path.write_text(PIPELINE, "utf-8")
    subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", "connections", "add", "shop", "--kind", "http", "--option", f"base_url={url}"],
        cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return path


@pytest.mark.parametrize("seed", [1, 2])
def test_a_receiver_that_remembers_keys_has_every_row_once_however_often_the_stream_is_killed(receiver, home, seed):
    from faults.stream_lives import until_finished

    random_ = random.Random(seed)
    kinds = [DROPPED, (503, {}, b""), (429, {"Retry-After": "0"}, b"")]
    receiver.answer = lambda sent: random_.choice(kinds) if random_.random() < 0.15 else (200, {}, b"")
    lives = until_finished(connected(home, receiver.url), random.Random(seed), 8, (0.0, 0.4))
    assert lives.kills >= 2 and lives.report["ledger"]["balanced"]
    assert receiver.counted("id") == dict.fromkeys(receiver.counted("id"), 1) and len(receiver.counted("id")) == 60_000
    assert len(receiver.sent) > len(receiver.taken), "some were sent again"


def test_refused_rows_of_a_stream_are_dead_letters_and_the_promise_is_shown(receiver, home):
    receiver.answer = lambda sent: (400, {}, b"no") if any(row["id"] == 31_337 for row in sent.rows) else (200, {}, b"")
    path = connected(home, receiver.url)
    done = subprocess.run([sys.executable, "-m", "runnel.cli.main", "run", str(path), "--until-caught-up", "--json"],
                          cwd=home, capture_output=True, check=False)  # fmt: skip
    report = json.loads(done.stdout)
    assert report["dead_letters"] == {"out": 1} and report["ledger"]["balanced"], done.stderr.decode()
    assert receiver.counted("id").total() == 59_999
    told = subprocess.run([sys.executable, "-m", "runnel.cli.main", "stream", "status", "pushed", "--json"],
                          cwd=home, capture_output=True, check=True)  # fmt: skip
    assert json.loads(told.stdout)["guarantee"] == {"out": "at_least_once"}
