"""Rows of a stream get columns of a database or an HTTP API: each key asked once, kept with the state, waited for."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest

from faults.stream_lives import rows_of_dataset, until_finished
from integration.streams.flowing import entry, folder, runnel, wait_for, write

__all__ = ["folder"]

SINKS = """\
  good: {kind: sink.dataset, from: asked, config: {name: good}}
  bad: {kind: sink.dataset, from: asked.missing, config: {name: bad}}
"""


@dataclass
class Api:
    """A small API of users: `a` and `b` are known, `c` is not; `troubles` are answers that it gives first."""

    asked: list[str] = field(default_factory=list)
    troubles: list[int] = field(default_factory=list)
    silent: bool = False

    def __post_init__(self) -> None:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                api.asked.append(self.path)
                status = 503 if api.silent else api.troubles.pop() if api.troubles else 200
                known = {"a": {"tier": "gold", "home": {"city": "Ulm"}, "limit": 10.5}, "b": {"tier": None, "limit": "many"}}
                found = known.get(self.path.removeprefix("/v1/users/"))
                status = 404 if status == 200 and found is None else status
                body = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.server.shutdown()


def connect(folder: Path, kind: str, **options: Any) -> None:
    given = [part for name, value in options.items() for part in ("--option", f"{name}={value}")]
    subprocess.run(
        [sys.executable, "-m", "runnel.cli.main", "connections", "add", "users", "--kind", kind, *given],
        cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def asks(missing: str = "leave", more: str = "") -> str:
    return f"""\
  asked:
    kind: enrich.lookup
    from: ticks
    config: {{connection: users, target: "/users/{{id}}", keys: {{user: id}}, columns: {{tier: tier, city: home.city, most: limit}},
             types: {{most: "DECIMAL(10,2)"}}, missing: {missing}{more}}}
"""


@pytest.mark.row("M-000-24")
def test_each_key_is_asked_once_and_values_that_do_not_fit_are_no_answer(folder, api):
    connect(folder, "http", base_url=api.url)
    write(folder, asks() + SINKS)
    report = runnel(folder, "run", "flow.runnel.yaml", "--until-caught-up")
    assert report["ledger"]["balanced"]
    good = rows_of_dataset(folder, "good")
    seen = Counter(tuple(dict(row)[name] for name in ("user", "tier", "city", "most")) for row in good.elements())
    bad = Counter(dict(row)["user"] for row in rows_of_dataset(folder, "bad").elements())
    assert set(seen) == {("a", "gold", "Ulm", 10.5)} and set(bad) == {"b", "c"}
    assert seen.total() + bad.total() == 20_000
    assert sorted(api.asked) == ["/v1/users/a", "/v1/users/b", "/v1/users/c"]
    assert entry(report, "asked")["in"] == 20_000


def test_rows_without_an_answer_may_go_on_and_a_busy_api_is_asked_again(folder, api):
    api.troubles = [429, 500, 503]
    connect(folder, "http", base_url=api.url)
    write(folder, asks("keep") + SINKS)
    report = runnel(folder, "run", "flow.runnel.yaml", "--until-caught-up")
    assert report["ledger"]["balanced"]
    good = Counter((dict(row)["user"], dict(row)["tier"]) for row in rows_of_dataset(folder, "good").elements())
    assert good.total() == 20_000 and set(good) == {("a", "gold"), ("b", None), ("c", None)}
    assert len(api.asked) >= 6 and api.troubles == []


def test_a_stream_goes_on_without_a_silent_api_where_that_is_wanted(folder, api):
    api.silent = True
    connect(folder, "http", base_url=api.url)
    write(folder, asks("leave", ", when_silent: go_on, tries: 2") + SINKS, events=500)
    report = runnel(folder, "run", "flow.runnel.yaml", "--until-caught-up")
    assert report["ledger"]["balanced"] and rows_of_dataset(folder, "bad").total() == 500


def test_a_stream_waits_for_an_answer_says_so_and_can_be_stopped(folder, api):
    api.silent = True
    connect(folder, "http", base_url=api.url)
    write(folder, asks() + SINKS, events="null", rate="500")
    runnel(folder, "stream", "start", "flow")
    told = wait_for(folder, lambda status: "answers 503" in status["state"].get("asked", {}).get("trouble", ""))
    assert told["status"] == "running"
    runnel(folder, "stream", "stop", "flow")
    wait_for(folder, lambda status: status["status"] == "stopped")
    api.silent = False
    runnel(folder, "stream", "start", "flow")
    wait_for(folder, lambda status: status["ports"].get("asked.output", 0) > 100 and not status["state"]["asked"]["trouble"])
    runnel(folder, "stream", "drain", "flow")
    wait_for(folder, lambda status: status["status"] == "drained")


@pytest.mark.parametrize("status", [401, 301])
def test_an_api_that_does_not_let_us_in_ends_the_stream_in_words(folder, api, status):
    api.troubles = [status] * 50
    connect(folder, "http", base_url=api.url)
    write(folder, asks() + SINKS)
    report = runnel(folder, "run", "flow.runnel.yaml", "--until-caught-up", code=5)
    assert report["error"]["code"] == "RNL-LOOKUP-002" and f"answers {status}" in report["error"]["what"]


@pytest.fixture
def table(postgres_server) -> Iterator[str]:
    name = f"users_{os.getpid()}_{random.randrange(10**9)}"
    with psycopg.connect(postgres_server.address) as connection:
        connection.execute(f'CREATE TABLE "{name}" (id bigint PRIMARY KEY, word text NOT NULL, made timestamptz)')
        connection.execute(f"INSERT INTO \"{name}\" SELECT n, 'w' || n, '2026-01-01 00:00:00Z' FROM generate_series(1, 5000) AS n")
    yield name
    with psycopg.connect(postgres_server.address) as connection:
        connection.execute(f'DROP TABLE IF EXISTS "{name}"')


def of_table(folder: Path, server: Any, table: str, column: str = "word") -> Path:
    found = psycopg.conninfo.conninfo_to_dict(server.address)
    connect(folder, "postgres", host=found["host"], port=found["port"], database=found["dbname"], user=found["user"], tls="disable")
    return write(folder, f"""\
  asked:
    kind: enrich.lookup
    from: ticks
    config: {{connection: users, target: {table}, keys: {{id: id}}, columns: {{word: {column}, made: made}},
             types: {{made: TIMESTAMPTZ}}, missing: leave, cache_seconds: 3600}}
""" + SINKS)  # fmt: skip


def test_a_table_of_a_database_is_asked_by_batches_also_when_the_stream_is_killed(folder, postgres_server, table):
    path = of_table(folder, postgres_server, table)
    lives = until_finished(path, random.Random(3), 4, (0.2, 1.0))
    assert lives.report["ledger"]["balanced"]
    good = rows_of_dataset(folder, "good")
    words = {dict(row)["id"]: dict(row)["word"] for row in good.elements()}
    assert words == {n: f"w{n}" for n in range(1, 5001)} and good.total() == 5000
    bad = Counter(dict(row)["id"] for row in rows_of_dataset(folder, "bad").elements())
    assert bad == dict.fromkeys(range(5001, 20_001), 1)


def test_a_column_that_the_table_does_not_have_is_named(folder, postgres_server, table):
    of_table(folder, postgres_server, table, column="wort")
    report = runnel(folder, "run", "flow.runnel.yaml", "--until-caught-up", code=5)
    assert "has no column wort" in report["error"]["what"] and "word" in report["error"]["hint"]


def test_what_a_lookup_cannot_mean_is_found_before_it_runs(folder):
    write(folder, """\
  asked:
    kind: enrich.lookup
    from: ticks
    config: {connection: users, target: "/users/{nobody}", keys: {user: id}, columns: {v: tier}, types: {v: NUMBR, x: DATE}}
  out: {kind: sink.dataset, from: asked, config: {name: out}}
  rows: {kind: source.rows, config: {rows: [{user: a}]}}
  ends: {kind: enrich.lookup, from: rows, config: {connection: users, target: users, keys: {user: id}, columns: {tier: tier}}}
  seen: {kind: sink.dataset, from: ends, config: {name: seen}}
""")
    found = runnel(folder, "validate", "flow.runnel.yaml", code=3)
    codes = {(item["where"].get("node"), item["code"]) for item in found["findings"]}
    assert {("asked", "RNL-COLUMN-002"), ("asked", "RNL-TYPE-002"), ("asked", "RNL-CONFIG-002"), ("ends", "RNL-STREAM-006")} <= codes
