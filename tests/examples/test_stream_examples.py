"""The examples of streams over what stands in for the outside: files that lie beside them, simulated events, the durable log."""

from __future__ import annotations

import csv
import itertools
import json
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from building import fresh_folder
from faults.stream_lives import rows_of_dataset
from integration.streams.flowing import runnel
from running import running, until

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def folder() -> Iterator[Path]:
    with fresh_folder() as made:
        (made / "runnel.toml").touch()
        shutil.copytree(EXAMPLES, made / "examples", ignore=shutil.ignore_patterns(".runnel", "out"))
        yield made


def caught_up(folder: Path, path: str) -> dict[str, Any]:
    report = runnel(folder, "run", f"examples/{path}.runnel.yaml", "--until-caught-up")
    assert report["ledger"]["balanced"] and not any(report["dead_letters"].values())
    return report


def dataset(folder: Path, name: str) -> list[dict[str, Any]]:
    return [dict(row) for row in rows_of_dataset(folder, name).elements()]


def bounded(folder: Path, path: str, events: int) -> None:
    """Let simulated events end, so that they can be counted."""
    file = folder / f"examples/{path}.runnel.yaml"
    text = file.read_text("utf-8")
    rate = re.search(r"rate_per_second: (\d+)", text)
    assert rate is not None
    ends = f"rate_per_second: null, events: {events}, start: '2026-01-01T00:00:00Z', interval_seconds: {1 / int(rate[1])}"
    file.write_text(text.replace(rate[0], ends), "utf-8")


def lines(place: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (EXAMPLES / place).read_text("utf-8").splitlines()]


def test_bitcoin_bars_hold_every_trade_and_the_two_jumps_are_alerts(folder):
    caught_up(folder, "crypto/bitcoin")
    trades = lines("crypto/data/trades.ndjson")
    wanted = Counter(trade["T"] // 10_000 for trade in trades)
    bars = dataset(folder, "bitcoin_bars")
    found = {int(datetime.fromisoformat(bar["window_start"]).timestamp()) // 10: bar for bar in bars}
    assert {bucket: bar["trades"] for bucket, bar in found.items()} == dict(wanted)
    means = {
        bucket: sum(float(t["p"]) * float(t["q"]) for t in of) / sum(float(t["q"]) for t in of)
        for bucket in wanted for of in [[t for t in trades if t["T"] // 10_000 == bucket]]
    }  # fmt: skip
    order = sorted(means)
    jumps = [b for a, b in itertools.pairwise(order) if abs(100 * (means[b] / means[a] - 1)) > 0.5]
    alerts = sorted(int(datetime.fromisoformat(row["window_start"]).timestamp()) // 10 for row in dataset(folder, "bitcoin_alerts"))
    assert alerts == jumps and 2 <= len(jumps) <= 4


def test_orders_are_kept_as_they_are_and_as_they_were(folder):
    caught_up(folder, "orders_live/orders_live")
    now: dict[int, dict[str, Any]] = {}
    history: dict[int, int] = defaultdict(int)
    for change in lines("orders_live/data/changes.ndjson"):
        values = {name: change[name] for name in ("customer", "status", "total")}
        if change["_op"] == "delete":
            now.pop(change["id"])
        else:
            history[change["id"]] += 1
            now[change["id"]] = values
    kept = {row["id"]: {name: row[name] for name in ("customer", "status", "total")} for row in dataset(folder, "orders_now")}
    assert {id: {**row, "total": float(row["total"])} for id, row in kept.items()} == {
        id: {**row, "total": float(row["total"])} for id, row in now.items()
    }
    versions = dataset(folder, "orders_history")
    assert {row["id"] for row in versions} == set(history)
    assert {row["id"] for row in versions if row["is_current"]} == set(now)
    assert all((row["valid_to"] is None) == row["is_current"] for row in versions)


def test_minutes_with_many_errors_of_a_web_server_are_found_also_as_its_log_grows(folder):
    log = folder / "examples/weblog/data/access.ndjson"
    text = log.read_text("utf-8").splitlines(keepends=True)
    log.write_text("".join(text[:1500]), "utf-8")
    requests = [json.loads(line) for line in text]
    minute = lambda row: row["time"][:16]  # noqa: E731 - a name for a key
    wanted = Counter(minute(row) for row in requests)
    errors = Counter(minute(row) for row in requests if row["status"] >= 500)
    with running(folder) as server:
        server.post("/streams/weblog/start")
        until(lambda: server.api.get("/streams/weblog").json().get("ports", {}).get("lines.output") == 1500, 60)
        with log.open("a") as file:
            file.writelines(text[1500:2000])
        until(lambda: server.get("/streams/weblog")["ports"]["lines.output"] == 2000, 60)
        log.rename(log.with_name("access.1.ndjson"))
        log.write_text("".join(text[2000:]), "utf-8")
        until(lambda: server.get("/streams/weblog")["ports"]["lines.output"] == 3000, 60)
        until(lambda: server.get("/streams/weblog")["ports"]["minutes.output"] >= len(wanted) - 2, 60)
        server.post("/streams/weblog/drain")
        until(lambda: server.get("/streams/weblog")["status"] == "drained", 60)
    found = {row["window_start"][:16].replace(" ", "T"): row for row in dataset(folder, "weblog_minutes")}
    closed = sorted(wanted)[: len(found)]
    assert len(found) >= len(wanted) - 2 and set(found) == set(closed)
    assert {name: (row["requests"], row["errors"]) for name, row in found.items()} == {
        name: (wanted[name], errors[name]) for name in closed
    }
    bad = {row["window_start"][:16].replace(" ", "T") for row in dataset(folder, "weblog_alerts")}
    assert bad == {name for name in closed if errors[name] / wanted[name] > 0.05} and len(bad) >= 3


@pytest.mark.row("M-003-113")
def test_fraud_is_the_same_on_the_past_and_live(folder):
    runnel(folder, "run", "examples/fraud/fraud_history.runnel.yaml")
    with (EXAMPLES / "fraud/data/payments.csv").open(encoding="utf-8") as file:
        payments = list(csv.DictReader(file))
    with running(folder) as server:
        server.post("/streams/fraud/start")
        for begin in range(0, len(payments), 500):
            body = "".join(json.dumps(row) + "\n" for row in payments[begin : begin + 500])
            headers = {**dict(server.api.headers), "content-type": "application/x-ndjson"}
            answer = httpx.post(server.url + "/ingest/fraud/payments", content=body, headers=headers, timeout=60)
            assert answer.status_code in (200, 202), answer.text
        # one payment long after the others lets the watermark pass the last of them
        last = {"at": (datetime.fromisoformat(payments[-1]["at"]) + timedelta(hours=2)).isoformat(), "card": "none", "amount": 1}
        httpx.post(server.url + "/ingest/fraud/payments", json=last, headers=dict(server.api.headers), timeout=60)
        until(lambda: server.get("/streams/fraud")["ports"].get("emptied.output", 0) >= 40, 60)
        server.post("/streams/fraud/drain")
        until(lambda: server.get("/streams/fraud")["status"] == "drained", 60)
    past, live = rows_of_dataset(folder, "fraud_history"), rows_of_dataset(folder, "fraud_alerts")
    assert past == live and past.total() == 40


def test_every_reading_of_the_wind_farm_is_in_one_window(folder):
    bounded(folder, "wind_farm/wind_farm", 3000)
    caught_up(folder, "wind_farm/wind_farm")
    rows = dataset(folder, "turbines")
    assert sum(row["readings"] for row in rows) == 3000 and {row["turbine"] for row in rows} == {f"WT0{n}" for n in range(1, 7)}
    weak = [row for row in rows if (row["deviation_percent"] or 0) < -12 or row["hottest_c"] > 80]
    assert len(dataset(folder, "turbine_alerts")) == len(weak)


def test_every_click_is_in_one_session(folder):
    bounded(folder, "clicks/click_sessions", 2000)
    caught_up(folder, "clicks/click_sessions")
    sessions = dataset(folder, "click_sessions")
    assert sum(row["clicks"] for row in sessions) == 2000 and len(sessions) > 50
