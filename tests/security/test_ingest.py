"""Who may send records: tokens by scope, signatures of Standard Webhooks; everybody else learns nothing."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import zlib
from collections.abc import Iterator

import pytest
import zstandard

from integration.store.logs import everything
from runnel.app.access.permissions import check_scopes
from runnel.app.access.signatures import is_signed, key_bytes
from runnel.errors import AuthoringError
from runnel.server.ingest import ingest_of
from serving import Served, served

PIPELINE = """\
runnel: 1
name: orders
params: {budget: {type: integer, default: 1000000}}
nodes:
  events: {kind: source.ingest, config: {max_request_bytes: 100000, max_bytes: "${params.budget}"}}
  hooks: {kind: source.ingest, config: {signing_keys: ["${secrets.new}", "${secrets.old}"]}}
  other: {kind: source.ingest}
  broken: {kind: source.ingest, config: {max_bytes: lots}}
  rows: {kind: source.rows, config: {rows: []}}
"""
NEW, OLD = "whsec_" + base64.b64encode(b"n" * 24).decode(), "whsec_" + base64.b64encode(b"o" * 24).decode()
NDJSON = {"content-type": "application/x-ndjson"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as made:
        (made.state.root / "orders.runnel.yaml").write_text(PIPELINE)
        made.state.store.secrets.set("new", NEW)
        made.state.store.secrets.set("old", OLD)
        made.person("ada", "admin")
        try:
            yield made
        finally:
            ingest_of(made.state).close()


def signed(server: Served, id: str, body: bytes, key: str, age: int = 0) -> dict[str, str]:
    moment = str(int(server.clock().timestamp()) - age)
    mac = hmac.new(
        base64.b64decode(key.removeprefix("whsec_")), f"{id}.{moment}.".encode() + body, hashlib.sha256
    ).digest()
    return {
        "webhook-id": id,
        "webhook-timestamp": moment,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
        **JSON,
    }


def send(server: Served, headers: dict[str, str], body: bytes = b"{}", source: str = "orders/events"):
    return server.call("POST", f"/ingest/{source}", headers=headers, body=body)


def log_of(server: Served, source: str) -> list[bytes]:
    return list(everything(server.state.home / "logs" / f"orders.{source}").values())


@pytest.mark.row("M-004-63")
def test_the_vector_of_standard_webhooks(server):
    body = b'{"event":"paid"}'
    good = signed(server, "msg_1", body, NEW)
    of_old = signed(server, "msg_2", body, OLD)
    foreign = signed(server, "msg_3", body, "whsec_" + base64.b64encode(b"x" * 24).decode())
    both = {
        **good,
        "webhook-id": "msg_2",
        "webhook-signature": foreign["webhook-signature"] + " " + of_old["webhook-signature"],
    }
    cases = [
        ("valid", good, body, 200),
        ("two signatures, the second by the key that is being retired", both, body, 200),
        ("tampered", signed(server, "msg_4", body, NEW), body + b" ", 401),
        ("wrong secret", foreign, body, 401),
        ("old", signed(server, "msg_5", body, NEW, age=301), body, 401),
        ("missing", JSON, body, 401),
    ]
    found = [(name, send(server, headers, sent, "orders/hooks").status) for name, headers, sent, _ in cases]
    assert found == [(name, status) for name, _, _, status in cases]
    assert log_of(server, "hooks") == [body, body]


def test_a_message_that_is_sent_three_times_has_its_effect_once(server):
    body = b'{"event":"paid"}'
    answers = [send(server, signed(server, "msg_1", body, NEW, age), body, "orders/hooks") for age in (0, 5, 10)]
    assert [answer.status for answer in answers] == [200] * 3
    assert {answer.body for answer in answers} == {b'{"accepted":1,"position":"1-0"}'}
    assert [answer.header("idempotent-replayed") for answer in answers] == [None, "true", "true"]
    assert log_of(server, "hooks") == [body]


def test_the_published_example_of_standard_webhooks_is_signed():
    key = key_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    assert is_signed(
        [key], "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@pytest.mark.parametrize("change", ["id", "time", "twice", "future", "version", "empty", "none of ours"])
def test_a_signature_holds_for_its_message_alone(server, change):
    body = b"{}"
    headers = signed(server, "msg_1", body, NEW)
    if change == "id":
        headers["webhook-id"] = "msg_2"
    elif change == "time":
        headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + 1)
    elif change == "future":
        headers = signed(server, "msg_1", body, NEW, age=-301)
    elif change == "version":
        headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v0,")
    elif change == "empty":
        headers["webhook-signature"] = ""
    elif change == "none of ours":
        headers["webhook-signature"] = "v1,é " * 5
    listed = list(headers.items()) + ([("webhook-id", "msg_1")] if change == "twice" else [])
    answer = server.call("POST", "/ingest/orders/hooks", headers=listed, body=body)
    assert answer.status == (400 if change == "twice" else 401)
    assert not (server.state.home / "logs" / "orders.hooks").exists()


def test_a_source_without_keys_takes_no_signature(server):
    assert send(server, signed(server, "msg_1", b"{}", NEW), source="orders/other").status == 401


def who(server: Served) -> dict[str, tuple[dict[str, str], int]]:
    admin, editor, viewer = server.person("ada", "admin"), server.person("ed", "editor"), server.person("vi", "viewer")
    token, made = server.state.access.tokens.create(admin, "gone", None, None)
    server.state.access.tokens.revoke(made.id, None)
    return {
        "nobody": ({}, 401),
        "a token that is none": ({"authorization": "Bearer rnl_" + "x" * 43}, 401),
        "no bearer": ({"authorization": "Basic YTpi"}, 401),
        "revoked": ({"authorization": f"Bearer {token}"}, 401),
        "a browser that is logged in": (server.cookie(admin), 401),
        "admin": (server.token(admin), 200),
        "editor": (server.token(editor), 200),
        "viewer": (server.token(viewer), 403),
        "scope ingest": (server.token(editor, ["ingest"]), 200),
        "scope of this source": (server.token(editor, ["ingest:orders/events"]), 200),
        "scope of another source": (server.token(editor, ["ingest:orders/other"]), 403),
        "a viewer with the scope": (server.token(viewer, ["ingest"]), 403),
        "other scopes": (server.token(admin, ["pipelines.*", "files.view"]), 403),
        "no scope": (server.token(admin, []), 403),
    }


@pytest.mark.row("M-004-63")
def test_everybody_gets_what_they_may(server):
    cases = who(server)
    found = {name: send(server, {**headers, **NDJSON}, b"{}").status for name, (headers, _) in cases.items()}
    assert found == {name: status for name, (_, status) in cases.items()}


def test_who_may_not_send_cannot_tell_which_sources_exist(server):
    for name, (headers, status) in who(server).items():
        if status == 200:
            continue
        answers = [send(server, {**headers, **NDJSON}, b"{}", source) for source in
                   ("orders/events", "orders/nothing", "nothing/events", "a/b/c", "x")]  # fmt: skip
        assert {answer.status for answer in answers} == {status}, name


def test_a_scope_for_one_source_allows_nothing_else(server):
    narrow = server.token(server.people["ada"], ["ingest:orders/events"])
    for path in ("/api/v1/pipelines", "/api/v1/runs", "/api/v1/tokens", "/api/v1/users"):
        assert server.call("GET", path, headers=narrow).status == 403


def test_scopes_of_sources_are_written_in_one_way():
    assert check_scopes(["ingest:a/b", "ingest"]) == ["ingest", "ingest:a/b"]
    for scope in ("ingest:", "ingest:a", "ingest:a/", "ingest:a/b/c", "ingest:*/b", "ingest:../x", "ingest:a/b\n"):
        with pytest.raises(AuthoringError):
            check_scopes([scope])


def test_an_ended_token_is_refused_at_once(server):
    user = server.people["ada"]
    token, made = server.state.access.tokens.create(user, "t", ["ingest"], None)
    headers = {"authorization": f"Bearer {token}", **NDJSON}
    assert send(server, headers).status == 200
    server.state.access.tokens.revoke(made.id, None)
    assert send(server, headers).status == 401


def test_other_methods_and_odd_addresses_find_nothing(server):
    headers = {**server.token(server.people["ada"]), **NDJSON}
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"):
        assert server.call(method, "/ingest/orders/events", headers=headers).status in (404, 405)
    for path in ("/ingest/orders/events/", "/ingest//orders/events", "/ingest/orders/../orders/events", "/ingest/orders/rows",
                 "/ingest/orders", "/ingest/", "/INGEST/orders/events", "/ingest/Orders/events", "/ingest/orders/events;x"):  # fmt: skip
        assert server.call("POST", path, headers=headers, body=b"{}").status in (404, 405), path


@pytest.mark.parametrize(("content_type", "status"), [
    ("application/x-ndjson", 200), ("application/jsonl; charset=utf-8", 200), ("application/json", 200), ("TEXT/CSV", 200),
    ("text/plain", 200), ("application/json; charset=utf-16", 415), ("application/x-www-form-urlencoded", 415),
    ("multipart/form-data; boundary=x", 415), ("text/html", 415), ("", 415), ("application/xml", 415), ("x" * 5000, 415),
])  # fmt: skip
def test_content_types_are_strict(server, content_type, status):
    headers = server.token(server.people["ada"])
    if content_type:
        headers["content-type"] = content_type
    answer = send(server, headers, b'{"a":1}')
    assert answer.status == status
    assert answer.header("content-type") == ("application/json" if status == 200 else "application/problem+json")


BOMB = 100_000_000


@pytest.mark.parametrize("name", ["gzip", "zstd", "many gzips", "gzip in gzip", "unframed zstd"])
def test_bombs_are_refused_before_they_unfold(server, name):
    def unframed() -> bytes:
        made = zstandard.ZstdCompressor(write_content_size=False).compressobj()
        return b"".join([made.compress(b"\n" * 1_000_000) for _ in range(100)]) + made.flush()

    body = {
        "gzip": lambda: gzip.compress(b"\n" * BOMB, 1), "zstd": lambda: zstandard.compress(b"\n" * BOMB),
        "many gzips": lambda: gzip.compress(b"x\n" * 1000) * 1000, "gzip in gzip": lambda: gzip.compress(gzip.compress(b"\n" * BOMB)),
        "unframed zstd": unframed,
    }[name]()  # fmt: skip
    body = body if len(body) < 90_000 else body[:90_000]
    headers = {**server.token(server.people["ada"]), **NDJSON, "content-encoding": "zstd" if "zstd" in name else "gzip"}
    answer = send(server, headers, body)
    assert answer.status in ((413,) if name != "gzip in gzip" else (200, 413, 422)), answer.body


def test_packed_bodies_are_taken_and_broken_ones_are_not(server):
    headers = {**server.token(server.people["ada"]), **NDJSON}
    text = b'{"a":1}\n{"a":2}\n'
    for encoding, pack in (("gzip", gzip.compress), ("zstd", zstandard.compress)):
        packed = pack(text)
        answer = send(server, {**headers, "content-encoding": encoding}, packed)
        assert answer.json["accepted"] == 2
        assert send(server, {**headers, "content-encoding": encoding}, packed + packed).json["accepted"] == 4
        for cut in (1, 5, len(packed) - 1):
            assert send(server, {**headers, "content-encoding": encoding}, packed[:cut]).status == 422, (encoding, cut)
        assert send(server, {**headers, "content-encoding": encoding}, b"nonsense").status == 422
    assert send(server, {**headers, "content-encoding": "br"}, b"x").status == 415
    assert send(server, {**headers, "content-encoding": "deflate"}, zlib.compress(text)).status == 415
    assert len(log_of(server, "events")) == 12


@pytest.mark.parametrize(
    "body",
    [b"{", b"[1,2", b"nonsense", b'{"a":NaN}', b"5", b'"x"', b"null", b"\xff", b"", b"{}{}", b"[" * 100_000 + b"]"],
)
def test_json_that_is_none_is_refused_with_its_place(server, body):
    answer = send(server, {**server.token(server.people["ada"]), **JSON}, body[:90_000])
    assert answer.status == 422 and answer.json["code"] == "RNL-HTTP-422"


def test_too_large_bodies_are_refused_by_their_word_and_by_their_length(server):
    headers = {**server.token(server.people["ada"]), **NDJSON}
    assert send(server, headers, b"x" * 100_001).status == 413
    assert send(server, {**headers, "content-length": "100001"}, b"x").status == 413
    assert send(server, headers, b"x" * 100_000).status == 200


def test_a_source_whose_settings_do_not_fit_says_so(server):
    answer = send(server, {**server.token(server.people["ada"]), **NDJSON}, source="orders/broken")
    assert answer.status == 503 and answer.header("retry-after") and "`max_bytes` is 'lots'" in answer.json["what"]


@pytest.mark.row("M-004-09")
def test_a_sender_above_its_rate_is_told_to_wait():
    with served(ingest_bytes_per_second=50_000) as server:
        (server.state.root / "orders.runnel.yaml").write_text(PIPELINE)
        ada, ed = server.person("ada", "admin"), server.person("ed", "editor")
        fast, slow = {**server.token(ada), **NDJSON}, {**server.token(ed), **NDJSON}
        answers = [send(server, fast, b"x" * 90_000) for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 429, 429]
        assert int(answers[-1].header("retry-after") or "0") >= 1
        assert send(server, slow, b"{}").status == 200, "another sender is not held up"
        assert len(log_of(server, "events")) == 3
        ingest_of(server.state).close()


@pytest.mark.row("M-004-09")
def test_a_full_source_answers_429_and_others_go_on(server):
    import os

    headers = {**server.token(server.people["ada"]), **NDJSON}
    answers = [send(server, headers, os.urandom(40_000).hex().encode()) for _ in range(30)]
    statuses = [answer.status for answer in answers]
    assert statuses == sorted(statuses) and set(statuses) == {200, 429}
    assert answers[-1].header("retry-after") and "raise `max_bytes`" in answers[-1].json["hint"]
    assert len(log_of(server, "events")) == statuses.count(200)
    assert send(server, headers, b"{}", "orders/other").status == 200


def test_an_idempotency_key_is_of_its_sender_and_of_its_body(server):
    ada, ed = server.people["ada"], server.person("ed", "editor")
    first = {**server.token(ada), **NDJSON, "idempotency-key": "k1"}
    second = {**server.token(ed), **NDJSON, "idempotency-key": "k1"}
    answers = [
        send(server, first, b"1\n2"),
        send(server, first, b"1\n2"),
        send(server, second, b"1\n2"),
        send(server, first, b"3"),
    ]
    assert [answer.status for answer in answers] == [200, 200, 200, 409]
    assert answers[1].body == answers[0].body and answers[1].header("idempotent-replayed") == "true"
    assert answers[2].header("idempotent-replayed") is None
    assert len(log_of(server, "events")) == 4
    for key in ("", "x" * 201, "a b", "\x7f"):
        assert send(server, {**first, "idempotency-key": key}, b"1").status == 422


def test_every_answer_carries_the_headers_of_the_others(server):
    ordinary = server.call("GET", "/healthz")
    wanted = {
        "content-security-policy",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "cache-control",
    }
    for answer in (send(server, {}), send(server, {**server.token(server.people["ada"]), **NDJSON})):
        for name in wanted:
            assert answer.header(name) == ordinary.header(name), name


def test_keys_tokens_and_records_stand_in_no_log(server):
    body = b'{"password":"canary-7431"}'
    token = server.token(server.people["ada"])
    send(server, {**token, **JSON}, body)
    send(server, {**token, **JSON}, body + b"}")
    send(server, signed(server, "m1", body, OLD), body + b"x", "orders/hooks")
    text = server.log.getvalue() + json.dumps(server.entries()).encode()
    for secret in (b"canary-7431", token["authorization"][10:].encode(), NEW[6:].encode(), OLD[6:].encode()):
        assert secret not in text
    assert OLD not in repr(ingest_of(server.state)._targets) and "oooo" not in repr(ingest_of(server.state)._targets)
