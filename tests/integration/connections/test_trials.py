"""Tests of connections against real services, in a real worker: what works, and for what does not the step and the way out."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tools.services import certificates, instances, sharing

from building import fresh_project
from runnel.app.connection_tests import try_options
from runnel.app.project import Project

Outcome = dict[str, Any]
STEPS = ["resolve", "connect", "authenticate", "read"]


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    """A project as on the command line: loopback may be connected to."""
    with fresh_project() as made:
        yield made


def last(outcome: Outcome) -> tuple[str, str]:
    """The step that failed, and its code."""
    assert not outcome["ok"] and not outcome["steps"][-1]["ok"] and all(step["ok"] for step in outcome["steps"][:-1])
    assert outcome["steps"][-1]["hint"]
    return outcome["steps"][-1]["name"], outcome["steps"][-1]["code"]


def passed(outcome: Outcome) -> list[str]:
    """What each step found; all must have passed."""
    assert outcome["ok"], outcome
    assert [step["name"] for step in outcome["steps"]] == STEPS and outcome["seconds"] < 15
    return [step["what"] for step in outcome["steps"]]


# -- PostgreSQL


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A PostgreSQL that asks for passwords and offers TLS with a certificate of its own authority."""
    with instances.own(sharing.find("postgres")) as server:
        host, port = server.address.rpartition("@")[2].partition("/")[0].split(":")
        with psycopg.connect(server.address, autocommit=True) as admin:
            data = Path(admin.execute("SHOW data_directory").fetchone()[0])  # type: ignore[index]
            admin.execute("CREATE ROLE reader LOGIN PASSWORD 'pass-word-1'")
            admin.execute("CREATE TABLE goods (id int)")
        files = certificates.make(tmp_path_factory.mktemp("tls"))
        owner = data.stat()
        for name in ("server.pem", "server.key"):
            shutil.copy(files[name], data / name)
            os.chmod(data / name, 0o600)
            os.chown(data / name, owner.st_uid, owner.st_gid)
        rules = "host all postgres 127.0.0.1/32 trust\nhost all reader 127.0.0.1/32 scram-sha-256\n"
        (data / "pg_hba.conf").write_text(rules)
        with (data / "postgresql.conf").open("a") as conf:
            conf.write(f"ssl=on\nssl_cert_file='{data / 'server.pem'}'\nssl_key_file='{data / 'server.key'}'\n")
        server.stop()
        server.start()
        ca = Path(files["ca.pem"]).read_text()
        yield {"host": host, "port": int(port), "database": "postgres", "user": "reader", "password": "pass-word-1", "ca": ca}


def postgres(project: Project, server: dict[str, Any], **change: Any) -> Outcome:
    options = {name: value for name, value in server.items() if name != "ca"}
    return try_options(project, "postgres", {**options, **change})


@pytest.mark.row("M-002-51")
@pytest.mark.parametrize("mode", ["disable", "require", "verify_ca", "verify_full"])
def test_postgres_works_in_every_tls_mode(project, database, mode) -> None:
    more = {"ca_certificate": database["ca"]} if mode.startswith("verify") else {}
    found = passed(postgres(project, database, tls=mode, **more))
    assert ("TLSv1.3" in found[1]) == (mode != "disable")
    assert found[2] == "logged in as reader" and found[3].startswith("PostgreSQL ")


def test_postgres_says_which_step_does_not_work_and_what_to_do(project, database) -> None:
    assert last(postgres(project, database, tls="disable", password="wrong-word")) == ("authenticate", "RNL-POSTGRES-002")
    assert last(postgres(project, database, tls="disable", database="none")) == ("authenticate", "RNL-POSTGRES-003")
    assert last(postgres(project, database, tls="disable", user="nobody")) == ("authenticate", "RNL-POSTGRES-002")
    assert last(postgres(project, database, tls="verify_full")) == ("connect", "RNL-EGRESS-011")
    assert last(postgres(project, database, tls="disable", port=1)) == ("connect", "RNL-EGRESS-004")
    assert last(postgres(project, database, tls="disable", host="none.invalid")) == ("resolve", "RNL-EGRESS-003")
    outcome = postgres(project, database, tls="disable", password="")
    assert last(outcome)[0] == "authenticate" and "password" in outcome["steps"][-1]["hint"].lower()


def test_postgres_without_tls_is_told_apart_from_something_that_is_no_postgres(project, postgres_server) -> None:
    host, port = postgres_server.address.rpartition("@")[2].partition("/")[0].split(":")
    options = {"host": host, "port": int(port), "database": "postgres", "user": "postgres"}
    outcome = try_options(project, "postgres", options)
    assert last(outcome) == ("connect", "RNL-POSTGRES-001") and "no TLS" in outcome["steps"][-1]["what"]
    passed(try_options(project, "postgres", {**options, "tls": "disable"}))


def test_a_certificate_for_another_name_is_not_trusted(project, database) -> None:
    outcome = postgres(project, database, host="127.0.0.2", ca_certificate=database["ca"])
    assert last(outcome)[0] == "connect"
    named = postgres(project, database, host="localhost", ca_certificate=database["ca"])
    passed(named)


# -- Kafka


def kafka_ca(kafka) -> str:
    return Path(kafka.details["ca"]).read_text()


def test_kafka_works_without_security(project, kafka) -> None:
    found = passed(try_options(project, "kafka", {"bootstrap_servers": [kafka.address]}))
    assert "1 broker" in found[3]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_kafka_logs_in_with_and_without_tls(project, kafka, mechanism) -> None:
    who = {"username": kafka.details["user"], "password": kafka.details["password"], "sasl_mechanism": mechanism}
    plain = {"bootstrap_servers": [kafka.details["sasl"]], "security": "sasl_plaintext", **who}
    assert "runnel" in passed(try_options(project, "kafka", plain))[2]
    secret = {"bootstrap_servers": [kafka.details["tls"]], "security": "sasl_tls", "ca_certificate": kafka_ca(kafka), **who}
    assert "TLS" in passed(try_options(project, "kafka", secret))[1]


def test_kafka_says_which_step_does_not_work(project, kafka) -> None:
    who = {"username": "runnel", "password": "wrong-word", "sasl_mechanism": "SCRAM-SHA-512"}
    refused = try_options(project, "kafka", {"bootstrap_servers": [kafka.details["sasl"]], "security": "sasl_plaintext", **who})
    assert last(refused) == ("authenticate", "RNL-KAFKA-002") and "wrong-word" not in str(refused)
    distrusted = {"bootstrap_servers": [kafka.details["tls"]], "security": "sasl_tls", **who}
    assert last(try_options(project, "kafka", distrusted)) == ("connect", "RNL-EGRESS-011")
    assert last(try_options(project, "kafka", {"bootstrap_servers": ["127.0.0.1:1"]})) == ("connect", "RNL-EGRESS-004")
    with_another_service = try_options(project, "kafka", {"bootstrap_servers": [kafka.details["sasl"]]})
    assert last(with_another_service)[0] == "authenticate"


def test_a_cluster_that_sends_its_clients_to_a_refused_address_is_not_followed(kafka) -> None:
    host, port = kafka.address.split(":")
    assert host == "127.0.0.1"
    flags = {"egress_allow": [f"127.0.0.2:{port}"]}
    with fresh_project(confined=True, flags=flags) as confined, forwarding("127.0.0.2", int(port), kafka.address):
        outcome = try_options(confined, "kafka", {"bootstrap_servers": [f"127.0.0.2:{port}"]})
        assert last(outcome) == ("read", "RNL-KAFKA-001")
        assert f"127.0.0.1:{port}" in outcome["steps"][-1]["what"] and "advertised" in outcome["steps"][-1]["hint"]


# -- MQTT


def test_mqtt_works_in_both_versions_with_and_without_tls(project, mosquitto) -> None:
    who = {"username": mosquitto.details["user"], "password": mosquitto.details["password"]}
    ca = Path(mosquitto.details["ca"]).read_text()
    for address, tls in ((mosquitto.address, {}), (mosquitto.details["tls"], {"tls": True, "ca_certificate": ca})):
        host, port = address.split(":")
        for version in ("3.1.1", "5"):
            options = {"host": host, "port": int(port), "version": version, **who, **tls}
            assert passed(try_options(project, "mqtt", options))[3].startswith(f"MQTT {version}")


def test_mqtt_says_which_step_does_not_work(project, mosquitto) -> None:
    host, port = mosquitto.address.split(":")
    at = {"host": host, "port": int(port)}
    assert last(try_options(project, "mqtt", at)) == ("authenticate", "RNL-MQTT-002")
    wrong = {**at, "username": "runnel", "password": "wrong-word", "version": "3.1.1"}
    assert last(try_options(project, "mqtt", wrong)) == ("authenticate", "RNL-MQTT-002")
    assert last(try_options(project, "mqtt", {**at, "tls": True})) == ("connect", "RNL-EGRESS-010")
    host, port = mosquitto.details["tls"].split(":")
    assert last(try_options(project, "mqtt", {"host": host, "port": int(port), "tls": True})) == ("connect", "RNL-EGRESS-011")


# -- HTTP and schema registries


def test_http_and_registry_work(project, registry) -> None:
    assert "200" in passed(try_options(project, "http", {"base_url": registry.address + "/subjects"}))[3]
    assert "paths come with the nodes" in passed(try_options(project, "http", {"base_url": registry.address + "/none"}))[3]
    assert "subject" in passed(try_options(project, "schema_registry", {"url": registry.address}))[3]
    nowhere = try_options(project, "schema_registry", {"url": registry.address + "/none"})
    assert last(nowhere) == ("read", "RNL-REGISTRY-002")


def test_http_says_that_a_key_is_refused(project) -> None:
    with answering(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n") as port:
        options = {"base_url": f"http://127.0.0.1:{port}/", "auth": "bearer", "secret": "tok-en-1"}
        assert last(try_options(project, "http", options)) == ("authenticate", "RNL-HTTP-SOURCE-001")
        asked = {"url": f"http://127.0.0.1:{port}", "auth": "bearer", "secret": "tok-en-1"}
        assert last(try_options(project, "schema_registry", asked)) == ("authenticate", "RNL-REGISTRY-001")
    with answering(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n") as port:
        assert last(try_options(project, "http", {"base_url": f"http://127.0.0.1:{port}/"})) == ("read", "RNL-HTTP-SOURCE-002")


# -- every kind


def every_kind(host: str, port: int) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("kafka", {"bootstrap_servers": [f"{host}:{port}"]}), ("mqtt", {"host": host, "port": port}),
        ("postgres", {"host": host, "port": port, "database": "d", "user": "u"}),
        ("http", {"base_url": f"http://{host}:{port}/"}), ("schema_registry", {"url": f"http://{host}:{port}"}),
    ]  # fmt: skip


def test_a_server_that_takes_connections_and_says_nothing_is_told_within_five_seconds(project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for kind, options in every_kind("127.0.0.1", silent.getsockname()[1]):
            begun = time.monotonic()
            name, _ = last(try_options(project, kind, options))
            assert name in ("connect", "authenticate") and time.monotonic() - begun < 6, kind


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254"])
def test_on_a_server_no_kind_connects_to_this_machine_or_its_network(host: str) -> None:
    with fresh_project(confined=True) as confined:
        for kind, options in every_kind(host, 5432):
            outcome = try_options(confined, kind, options)
            assert last(outcome) == ("resolve", "RNL-EGRESS-002"), kind
            assert [step["name"] for step in outcome["steps"]] == ["resolve"]


# -- small servers


def answering(answer: bytes) -> Any:
    import contextlib
    import threading

    @contextlib.contextmanager
    def serve() -> Iterator[int]:
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def work() -> None:
                while True:
                    try:
                        made, _ = listening.accept()
                    except OSError:
                        return
                    with made, contextlib.suppress(OSError):
                        made.settimeout(5)
                        if made.recv(65536):
                            made.sendall(answer)

            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            yield listening.getsockname()[1]
            listening.shutdown(socket.SHUT_RDWR)

    return serve()


def forwarding(host: str, port: int, to: str) -> Any:
    """What comes to one address goes on to another, byte by byte."""
    import contextlib
    import threading

    def copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    @contextlib.contextmanager
    def serve() -> Iterator[None]:
        with socket.create_server((host, port)) as listening:

            def work() -> None:
                while True:
                    try:
                        made, _ = listening.accept()
                    except OSError:
                        return
                    there, at = to.split(":")
                    other = socket.create_connection((there, int(at)))
                    for pair in ((made, other), (other, made)):
                        threading.Thread(target=copy, args=pair, daemon=True).start()

            threading.Thread(target=work, daemon=True).start()
            yield
            listening.shutdown(socket.SHUT_RDWR)

    return serve()


