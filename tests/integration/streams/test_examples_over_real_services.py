"""The examples of streams with the sources that their guide puts in place of what stands in: brokers, a socket, a database."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from building import fresh_folder
from faults.stream_lives import rows_of_dataset
from integration.receiving.test_cdc import Database
from integration.receiving.test_mqtt import Publisher, options
from integration.streams.flowing import runnel
from runnel.app.pipeline_files import document_of
from runnel.model.saving import mapping_to_yaml
from running import Running, running, until

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "guides" / "stream-examples.md").read_text("utf-8")
BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def folder() -> Iterator[Path]:
    with fresh_folder() as made:
        (made / "runnel.toml").write_text('egress_allow = ["127.0.0.1"]\n', "utf-8")
        shutil.copytree(ROOT / "examples", made / "examples", ignore=shutil.ignore_patterns(".runnel", "out"))
        yield made


def in_place(folder: Path, path: str, gone: tuple[str, ...] = (), **replaced: str) -> None:
    """Put the source of the guide into an example, in place of the node of its name and of those that are `gone`."""
    file = folder / f"examples/{path}.runnel.yaml"
    name = path.rsplit("/", 1)[1]
    found = re.search(rf'```yaml title="{name}"\n(.*?)```', GUIDE, re.DOTALL)
    assert found is not None
    text = found[1]
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    source = document_of("runnel: 1\nname: x\nnodes:\n" + "".join(f"  {line}\n" for line in text.splitlines()))
    document = document_of(file.read_text("utf-8"))
    assert source is not None and document is not None
    nodes: Mapping[str, Any] = {**{id: node for id, node in document["nodes"].items() if id not in gone}, **source["nodes"]}
    file.write_text(mapping_to_yaml({**document, "nodes": nodes}), "utf-8")


def connect(folder: Path, name: str, kind: str, password: str | None = None, **given: Any) -> None:
    parts = [part for key, value in given.items() for part in ("--option", f"{key}={value}")]
    subprocess.run([sys.executable, "-m", "runnel.cli.main", "connections", "add", name, "--kind", kind, *parts],
                   cwd=folder, check=True, capture_output=True,
                   input=b"" if password is None else json.dumps({"password": password}).encode())  # fmt: skip


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [dict(row) for row in rows_of_dataset(folder, name).elements()]


def passed(server: Running, stream: str, port: str) -> int:
    return int(server.api.get(f"/streams/{stream}").json().get("ports", {}).get(port, 0))


def drained(server: Running, stream: str) -> None:
    server.post(f"/streams/{stream}/drain")
    until(lambda: server.get(f"/streams/{stream}")["status"] == "drained", 60)


def promise(wind_ms: float) -> float:
    """What the manufacturer's curve gives at a speed of wind; its points lie half a metre per second apart."""
    below = int(wind_ms * 2)
    points = list(csv.DictReader((ROOT / "examples/wind_farm/data/power_curve.csv").open()))[below : below + 2]
    low, high = (float(point["power_kw"]) for point in points)
    return low + (high - low) * (wind_ms * 2 - below)


@pytest.mark.row("M-003-177", "M-003-182", met_by="nodes/tables/curve.py")
def test_turbines_over_mqtt(folder, mosquitto):
    base = f"farm{random.randrange(10**9)}"
    in_place(folder, "wind_farm/wind_farm", ("wind", "turned"), **{"farm/+/scada": f"{base}/+/scada"})
    connect(folder, "broker", "mqtt", **options(mosquitto))
    dice = random.Random(5)
    readings = [
        {"turbine": f"WT0{dice.randint(1, 6)}", "wind_ms": round(dice.uniform(3, 20), 1), "power_kw": float(dice.randint(0, 3000)),
         "gearbox_c": float(dice.randint(50, 85)), "at": (BEGIN + timedelta(seconds=n / 10)).isoformat()}
        for n in range(900)
    ]  # fmt: skip
    after = {**readings[-1], "turbine": "last", "at": (BEGIN + timedelta(hours=1)).isoformat()}
    with running(folder) as server, Publisher(mosquitto) as publisher:
        server.post("/streams/wind_farm/start")
        until(lambda: server.api.get("/streams/wind_farm").json().get("status") == "running", 60)
        probe = {**after, "turbine": "probe", "at": readings[0]["at"]}
        until(lambda: publisher.send(f"{base}/probe/scada", json.dumps(probe).encode()) or passed(server, "wind_farm", "scada.output"), 60)
        for reading in [*readings, after]:
            publisher.send(f"{base}/{reading['turbine']}/scada", json.dumps(reading).encode())
        until(lambda: passed(server, "wind_farm", "scada.output") >= 902, 60)
        until(lambda: passed(server, "wind_farm", "per_turbine.output") > 0, 60)
        drained(server, "wind_farm")
    wanted: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for reading in readings:
        at = datetime.fromisoformat(reading["at"])
        wanted[(reading["turbine"], f"{at.replace(second=at.second // 10 * 10, microsecond=0):%Y-%m-%dT%H:%M:%SZ}")].append(reading)
    found = {(row["turbine"], row["window_start"]): row for row in rows(folder, "turbines") if row["turbine"] != "probe"}
    assert set(found) == set(wanted)
    for key, of in wanted.items():
        assert found[key]["readings"] == len(of) and found[key]["hottest_c"] == max(one["gearbox_c"] for one in of)
        power, promised = sum(one["power_kw"] for one in of), sum(promise(one["wind_ms"]) for one in of)
        assert found[key]["power_kw"] == pytest.approx(power) and found[key]["expected_kw"] == pytest.approx(promised)
        assert found[key]["deviation_percent"] == pytest.approx(100 * (power - promised) / promised, abs=0.051)


def test_trades_over_a_websocket(folder):
    serving = subprocess.Popen([sys.executable, str(folder / "examples/crypto/serve.py"), "0", "4000"], stdout=subprocess.PIPE, text=True)
    try:
        assert serving.stdout is not None
        in_place(folder, "crypto/bitcoin", **{"ws://127.0.0.1:8765": serving.stdout.readline().strip()})
        with running(folder) as server:
            server.post("/streams/bitcoin/start")
            until(lambda: passed(server, "bitcoin", "trades.output") == 1200, 60)
            until(lambda: passed(server, "bitcoin", "bars.output") >= 58, 60)
            drained(server, "bitcoin")
    finally:
        serving.kill()
        serving.wait()
    live = {row["window_start"]: row for row in rows(folder, "bitcoin_bars")}
    with fresh_folder() as other:
        (other / "runnel.toml").touch()
        shutil.copytree(ROOT / "examples" / "crypto", other / "examples" / "crypto")
        runnel(other, "run", "examples/crypto/bitcoin.runnel.yaml", "--until-caught-up")
        whole = {row["window_start"]: row for row in rows(other, "bitcoin_bars")}
    assert len(live) >= 58 and all(row == whole[start] for start, row in live.items())
    assert set(live) == set(sorted(whole)[: len(live)])


def test_clicks_from_kafka(folder, kafka):
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    topic, dice = f"clicks{random.randrange(10**9)}", random.Random(6)
    admin = AdminClient({"bootstrap.servers": kafka.address})
    admin.create_topics([NewTopic(topic, 2, 1)])[topic].result()
    at, clicks = int(BEGIN.timestamp() * 1000), list[dict[str, Any]]()
    producer = Producer({"bootstrap.servers": kafka.address})
    for _ in range(3000):
        at += dice.randint(1, 400)
        clicks.append({"user": f"u{dice.randint(1, 20)}", "page": dice.choice(["home", "item", "cart"]), "at": at})
        producer.produce(topic, json.dumps(clicks[-1]).encode(), key=clicks[-1]["user"].encode())
    producer.flush()
    in_place(folder, "clicks/click_sessions", **{"topics: [clicks]": f"topics: [{topic}]"})
    connect(folder, "cluster", "kafka", bootstrap_servers=kafka.address)
    report = runnel(folder, "run", "examples/clicks/click_sessions.runnel.yaml", "--until-caught-up")
    assert report["ledger"]["balanced"]
    wanted: Counter[tuple[str, int, int]] = Counter()
    for user in {click["user"] for click in clicks}:
        session: list[dict[str, Any]] = []
        for click in [*(click for click in clicks if click["user"] == user), None]:
            if session and (click is None or click["at"] - session[-1]["at"] >= 3000):
                wanted[(user, len(session), sum(one["page"] == "cart" for one in session))] += 1
                session = []
            if click is not None:
                session.append(click)
    found = Counter((row["user"], row["clicks"], row["carts"]) for row in rows(folder, "click_sessions"))
    assert found == wanted and found.total() > 300


def test_orders_of_a_database(folder, postgres_server):
    database = Database(postgres_server.address)
    database.run("""CREATE TABLE public.orders (
        id bigint PRIMARY KEY, customer text, status text, total numeric(10, 2))""")
    in_place(folder, "orders_live/orders_live")
    connect(folder, "shop", "postgres", **database.options())
    changes = [json.loads(line) for line in (ROOT / "examples/orders_live/data/changes.ndjson").read_text("utf-8").splitlines()]
    with running(folder) as server:
        server.post("/streams/orders_live/start")
        until(lambda: bool(database.slots()), 60)
        for change in changes:
            if change["_op"] == "delete":
                database.run("DELETE FROM public.orders WHERE id = %s", change["id"])
            else:
                database.run(
                    """INSERT INTO public.orders VALUES (%s, %s, %s, %s) ON CONFLICT (id) DO UPDATE
                    SET status = excluded.status""",
                    *(change[name] for name in ("id", "customer", "status", "total")),
                )
        until(lambda: passed(server, "orders_live", "changes.output") >= len(changes), 60)
        drained(server, "orders_live")
        assert not any(server.get("/streams/orders_live")["dead_letters"].values())
    table = {row[0]: (row[1], row[2], float(row[3])) for row in database.run("SELECT id, customer, status, total FROM public.orders")}
    now = {row["id"]: (row["customer"], row["status"], float(row["total"])) for row in rows(folder, "orders_now")}
    assert now == table and len(table) > 100
    history = rows(folder, "orders_history")
    assert {row["id"]: row["status"] for row in history if row["is_current"]} == {id: status for id, (_, status, _) in table.items()}
    assert {row["id"] for row in history} == {change["id"] for change in changes}
