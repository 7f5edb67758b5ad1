"""The services that tests stand on: each starts, answers, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import psutil
import pytest
from tools.services import instances, packages, sharing

USER = """
import sys
from tools.services import sharing
with sharing.running(sharing.find("registry")) as found:
    print(found.address, flush=True)
    sys.stdin.read()
"""


def eventually(true: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def port_of(address: str) -> int:
    return int(urlsplit(address if "//" in address else f"//{address}").port or 0)


def answers(address: str) -> bool:
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", port_of(address))) == 0


@pytest.fixture
def user(tmp_path, monkeypatch):
    """Return a function that starts a process which uses a registry of its own folder."""
    monkeypatch.setenv(instances.CACHE, str(tmp_path))
    monkeypatch.delenv("RUNNEL_TEST_REGISTRY", raising=False)
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", USER],
            cwd=instances.REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()
    sharing.stop(sharing.find("registry"))


@pytest.mark.parametrize("name", sharing.names())
def test_a_service_starts_answers_and_stops_without_a_stray(name, own_service):
    instance = own_service(name)
    group = [
        process.pid for process in psutil.process_iter() if process.pid and _group(process.pid) == instance.process.pid
    ]
    assert instance.alive() and answers(instance.address)
    instance.stop()
    assert not answers(instance.address)
    assert group and not any(psutil.pid_exists(pid) for pid in group)


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


@pytest.mark.parametrize("name", sharing.names())
def test_a_service_that_was_killed_starts_again_at_the_same_address(name, own_service):
    instance = own_service(name)
    before = instance.address
    instance.kill()
    assert not answers(before)
    instance.start()
    assert instance.address == before and answers(before)


def test_all_processes_share_one_instance(user):
    (_, first), (_, second) = user(), user()
    assert first == second and answers(first)


def test_an_instance_ends_when_its_last_user_was_killed(user):
    (one, address), (two, _) = user(), user()
    one.kill()
    one.wait()
    assert not eventually(lambda: not answers(address), seconds=1), "the other one uses it still"
    two.send_signal(signal.SIGKILL)
    two.wait()
    assert eventually(lambda: not answers(address))
    assert sharing.status(sharing.find("registry")) is None


def test_an_instance_ends_with_its_supervisor_and_the_next_user_gets_a_new_one(user):
    _, address = user()
    state = sharing._state(sharing.find("registry"))
    os.kill(state["supervisor"], signal.SIGKILL)
    assert eventually(lambda: not answers(address))
    _, again = user()
    assert answers(again)


def test_a_person_starts_a_service_that_stays_until_it_is_stopped(user):
    service = sharing.find("registry")
    address = sharing.start(service).address
    process, used = user()
    assert used == address
    process.kill()
    process.wait()
    assert not eventually(lambda: not answers(address), seconds=1)
    sharing.stop(service)
    assert not answers(address)


def test_an_address_in_the_environment_wins(monkeypatch):
    monkeypatch.setenv("RUNNEL_TEST_KAFKA", "kafka.example:9092")
    with sharing.running(sharing.find("kafka")) as found:
        assert found.address == "kafka.example:9092"


def test_what_cannot_be_had_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(instances.ServiceError, match="apt-get install mosquitto"):
        packages.program("mosquitto", "mosquitto", sharing.find("mosquitto").how, folders="")


def test_a_service_that_does_not_start_tells_the_end_of_its_log(tmp_path):
    (tmp_path / "folder").mkdir()
    command = (sys.executable, "-c", "raise SystemExit('no memory left')")
    service = instances.Service(
        "broken",
        "RUNNEL_TEST_BROKEN",
        "how",
        lambda: None,
        lambda _: instances.Plan(command, "nowhere"),
        lambda _: False,
    )
    with pytest.raises(instances.ServiceError, match="no memory left"):
        instances.Instance(service, tmp_path / "folder").start()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("listener", ["sasl", "tls"])
def test_the_secured_listeners_of_kafka_ask_for_the_password(kafka, mechanism, listener):
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    settings = {
        "bootstrap.servers": kafka.details[listener], "sasl.mechanism": mechanism, "log_level": 0,
        "security.protocol": "SASL_SSL" if listener == "tls" else "SASL_PLAINTEXT", "ssl.ca.location": kafka.details["ca"],
        "sasl.username": kafka.details["user"],
    }  # fmt: skip
    assert AdminClient({**settings, "sasl.password": kafka.details["password"]}).list_topics(timeout=10).brokers
    with pytest.raises(KafkaException):
        AdminClient({**settings, "sasl.password": "wrong"}).list_topics(timeout=1)
