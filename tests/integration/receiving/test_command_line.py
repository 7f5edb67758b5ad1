"""MQTT and WebSockets as a person runs them: in the confined process of a stream, with and without a connection."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path

from tools.services.instances import free_ports

from integration.receiving.sources import RUNNEL, eventually, records_of, rows_of, running
from integration.receiving.test_mqtt import Publisher, numbers, options
from integration.receiving.test_websocket import Server

PIPELINE = """\
runnel: 1
name: live
nodes:
  feed: {{kind: {kind}, config: {config}}}
  some: {{kind: table.filter, from: feed, config: {{where: "n % 2 = 0"}}}}
  saved: {{kind: sink.dataset, from: some, config: {{name: some}}}}
"""


def project(folder: Path, kind: str, config: dict[str, object]) -> None:
    (folder / "runnel.toml").write_text("")
    (folder / "live.runnel.yaml").write_text(PIPELINE.format(kind=kind, config=json.dumps(config)))


def test_mqtt_from_the_command_line(mosquitto, tmp_path):
    topic = f"cli/{os.getpid()}"
    project(tmp_path, "source.mqtt", {"connection": "broker", "topics": [f"{topic}/#"], "columns": {"n": "BIGINT"}})
    given = options(mosquitto)
    secret = json.dumps({"password": given.pop("password")})
    parts = [part for name, value in given.items() for part in ("--option", f"{name}={value}")]
    subprocess.run([*RUNNEL, "connections", "add", "broker", "--kind", "mqtt", *parts], cwd=tmp_path, check=True,
                   input=secret.encode(), capture_output=True)  # fmt: skip
    with running(tmp_path, "live.runnel.yaml"):
        eventually(lambda: subprocess.run([*RUNNEL, "stream", "status", "--json"], cwd=tmp_path, capture_output=True).returncode == 0)
        ended = threading.Event()

        def publish() -> None:
            with Publisher(mosquitto) as publisher:
                for number in range(10**6):
                    publisher.send(f"{topic}/a", *numbers(number, number + 1))
                    if ended.wait(0.02):
                        return

        thread = threading.Thread(target=publish)
        thread.start()
        try:
            eventually(lambda: records_of(tmp_path, "feed") >= 50)
        finally:
            ended.set()
            thread.join()
    found = [row["n"] for row in rows_of(tmp_path, "some")]
    assert len(found) >= 25 and sorted(found) == list(range(min(found), min(found) + 2 * len(found), 2))


def test_a_websocket_without_a_connection_from_the_command_line(tmp_path):
    server = Server(free_ports(1)[0], None)
    try:
        project(tmp_path, "source.websocket", {"url": server.url, "columns": {"n": "BIGINT"}})
        with running(tmp_path, "live.runnel.yaml"):
            eventually(lambda: records_of(tmp_path, "feed") >= 50)
    finally:
        server.stop()
    found = [row["n"] for row in rows_of(tmp_path, "some")]
    assert len(found) >= 25 and len(set(found)) == len(found) and not any(number % 2 for number in found)
