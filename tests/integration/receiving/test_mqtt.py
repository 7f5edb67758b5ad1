"""MQTT from a real broker into the log: nothing that was acknowledged is lost, whatever ends on the way."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from integration.receiving.sources import Lived
from runnel.connectors.mqtt.source import MqttSource
from runnel.errors import ConnectorError

_numbers = itertools.count()


def topic() -> str:
    return f"t{os.getpid()}x{next(_numbers)}x{time.time_ns() % 10**6}"


def options(broker: Any, **more: Any) -> dict[str, Any]:
    host, port = broker.address.rsplit(":", 1)
    return {"host": host, "port": int(port), "username": broker.details["user"], "password": broker.details["password"], **more}


class Publisher:
    """Publishes with QoS 1 and knows what the broker has acknowledged."""

    def __init__(self, broker: Any) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
        self.client.username_pw_set(broker.details["user"], broker.details["password"])
        host, port = broker.address.rsplit(":", 1)
        self.client.connect(host, int(port))
        self.client.loop_start()

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def send(self, topic: str, *payloads: bytes, retain: bool = False) -> None:
        for waiting in [self.client.publish(topic, payload, qos=1, retain=retain) for payload in payloads]:
            waiting.wait_for_publish(20)
            assert waiting.is_published()


def numbers(begin: int, end: int) -> list[bytes]:
    return [b'{"n":%d}' % number for number in range(begin, end)]


def lived(broker: Any, home: Path, *topics: str, config: dict[str, Any] | None = None, **more: Any) -> Lived:
    given = {"connection": "b", "topics": list(topics), "columns": {"n": "BIGINT"}, **(config or {})}
    return Lived(MqttSource, given, home, {"b": options(broker, **more)})


@pytest.mark.row("M-004-66")
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_messages_come_once_and_in_order_with_their_topic_and_wait_while_nobody_reads(mosquitto, tmp_path, version):
    base = topic()
    with Publisher(mosquitto) as publisher:
        with lived(mosquitto, tmp_path, f"{base}/+/temperature", f"{base}/deep/#", version=version) as life:
            life.open().to_end()
            publisher.send(f"{base}/a/temperature", *numbers(0, 50))
            publisher.send(f"{base}/deep/b/c", *numbers(50, 60))
            publisher.send(f"{base}/a/humidity", b'{"n":-1}')
            rows = life.rows_until(60)
            assert [row["n"] for row in rows] == list(range(60))
            assert {row["_key"] for row in rows} == {f"{base}/a/temperature", f"{base}/deep/b/c"}
            positions = life.positions
        publisher.send(f"{base}/a/temperature", *numbers(60, 160))
        with lived(mosquitto, tmp_path, f"{base}/+/temperature", f"{base}/deep/#", version=version) as life:
            life.open(positions).to_end()
            assert [row["n"] for row in life.rows] == list(range(60, 160))


def test_what_does_not_fit_is_refused_and_the_rest_goes_on(mosquitto, tmp_path):
    base = topic()
    with lived(mosquitto, tmp_path, base) as life, Publisher(mosquitto) as publisher:
        life.open().to_end()
        publisher.send(base, b'{"n":1}', b"{", b"", b'{"n":"x"}', b'{"n":2}')
        life.rows_until(5)
        assert [row["n"] for row in life.rows] == [1, 2]
        assert len(life.reasons) == 3


def test_columns_are_found_in_retained_messages_and_the_streams_session_is_not_touched(mosquitto, tmp_path):
    base = topic()
    with Publisher(mosquitto) as publisher:
        publisher.send(f"{base}/a", b'{"at":"2026-01-01T00:00:00Z","celsius":2.5}', retain=True)
        with lived(mosquitto, tmp_path, f"{base}/#", config={"columns": {}}) as life:
            assert life.probe.columns["celsius"] == "DOUBLE"
            life.open().to_end()
            assert [(row["celsius"], dict(row["_headers"])) for row in life.rows] == [(2.5, {"retain": "true"})]


def test_tls_is_verified_and_used(mosquitto, tmp_path):
    base = topic()
    host, port = mosquitto.details["tls"].rsplit(":", 1)
    authority = Path(mosquitto.details["ca"]).read_text("utf-8")
    secured = {"host": host, "port": int(port), "tls": True, "ca_certificate": authority}
    with lived(mosquitto, tmp_path, base, **secured) as life, Publisher(mosquitto) as publisher:
        life.open().to_end()
        publisher.send(base, *numbers(0, 300))
        assert [row["n"] for row in life.rows_until(300)] == list(range(300))
    with lived(mosquitto, tmp_path / "other", base, **{**secured, "ca_certificate": None}) as life:
        life.open().until(lambda: "certificate" in life.trouble.lower())


def test_a_wrong_password_ends_the_stream_with_its_name(mosquitto, tmp_path):
    with lived(mosquitto, tmp_path, topic(), password="wrong") as life:
        life.open()
        with pytest.raises(ConnectorError) as caught:
            life.until(lambda: False, 20)
        assert caught.value.code == "RNL-MQTT-002"
        assert "wrong" not in str(caught.value)


def test_a_restart_of_the_broker_loses_nothing_that_it_acknowledged(own_service, tmp_path):
    broker, base = own_service("mosquitto"), topic()
    with lived(broker, tmp_path, base) as life:
        life.open().to_end()
        for part in range(3):
            with Publisher(broker) as publisher:
                publisher.send(base, *numbers(100 * part, 100 * part + 100))
            if part < 2:
                broker.stop()
                life.until(lambda: "cut" in life.trouble or "connecting" in life.trouble)
                broker.start()
                life.until(lambda: not life.trouble)
        life.until(lambda: {row["n"] for row in life.rows} == set(range(300)))
        seen = list(dict.fromkeys(row["n"] for row in life.rows))
        assert seen == list(range(300)), "first arrivals are in order"
        assert not life.reasons


RECEIVE = """
import json, sys
from pathlib import Path
sys.path[:0] = [".", "tests"]
from integration.receiving.sources import Lived
from runnel.connectors.mqtt.source import MqttSource
home, given, connection = Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])
life = Lived(MqttSource, given, home, {"b": connection}).open()
while True:
    life.take()
    print(len(life.rows), flush=True)
"""


def test_our_own_kill_loses_nothing_that_the_broker_counts_as_delivered(mosquitto, tmp_path):
    base, total = topic(), 6000
    given = {"connection": "b", "topics": [base], "columns": {"n": "BIGINT"}}
    command = [sys.executable, "-c", RECEIVE, str(tmp_path), json.dumps(given), json.dumps(options(mosquitto))]
    with Publisher(mosquitto) as publisher:
        for kill in range(3):
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
            assert process.stdout is not None
            process.stdout.readline()
            for begin in range(kill * 2000, kill * 2000 + 2000, 500):
                publisher.send(base, *numbers(begin, begin + 500))
                process.stdout.readline()
                if begin % 2000 == 1000:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
    with lived(mosquitto, tmp_path, base) as life:
        life.open().to_end()
        life.until(lambda: {row["n"] for row in life.rows} == set(range(total)))


def test_a_full_log_holds_the_broker_back_and_nothing_is_lost(mosquitto, tmp_path):
    base, count = topic(), 3000
    with (
        lived(mosquitto, tmp_path, base, config={"max_bytes": 1024**2, "format": "bytes", "in_flight": 50}) as life,
        Publisher(mosquitto) as publisher,
    ):
        life.open().to_end()
        bodies = [os.urandom(1000) for _ in range(count)]
        for body in bodies:
            publisher.client.publish(base, body, qos=1)
        life.until(lambda: "nothing more is taken" in life.trouble, most=10)
        deadline = time.monotonic() + 60
        while len(life.rows) < count:
            life.take(200)
            life.release()
            assert time.monotonic() < deadline, (len(life.rows), life.trouble)
        assert [row["value"] for row in life.rows] == bodies
