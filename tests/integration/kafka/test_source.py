"""The node that reads Kafka, from its config to rows: formats, schemas that change, samples, security."""

from __future__ import annotations

import io
import json
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import duckdb
import fastavro
import pytest

from integration.kafka.topics import Broker
from runnel.connectors.kafka.source import KafkaSource
from runnel.errors import AuthoringError, RunnelError
from runnel.sdk.streaming import StreamContext


@pytest.fixture
def duck():
    with duckdb.connect(":memory:", config={"threads": "1"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


class Node:
    """A source node with its connections, as a stream uses it."""

    def __init__(self, duck: Any, connections: dict[str, Any], folder: str = "/", **config: Any) -> None:
        given = {"connection": "cluster", **config}
        self.duck, self.folder = duck, folder
        self.source = KafkaSource(KafkaSource.Config.model_validate(given), {}, "kafka")
        self.context = StreamContext("p", "kafka", f"runnel-{uuid.uuid4().hex[:8]}", folder, "/", connections)

    def look(self) -> Any:
        self.source.outside = self.context
        return self.source.probe(self.duck, self.folder)

    def rows(self, probe: Any = None) -> tuple[list[dict[str, Any]], list[str]]:
        """Read to the end as a stream would; returns rows and the reasons of refused records."""
        probe = probe or self.look()
        reader = self.source.reader(self.context, probe)
        decoder = self.source.decoder(probe, probe.columns)
        rows: list[dict[str, Any]] = []
        reasons: list[str] = []
        try:
            reader.open(dict.fromkeys(reader.partitions()))
            ends, at = reader.ends(), {}
            while any(at.get(name, -1) < end for name, end in ends.items()):
                for one in reader.poll(1 << 24, 1000, 0.2):
                    at[one.partition] = one.position.next
                    decoded = decoder.decode(self.duck, one.table)
                    rows.extend(decoded.rows.to_pylist())
                    reasons.extend(reason for _, reason in decoded.refused)
        finally:
            reader.close()
        return rows, reasons


def plain(broker: Broker) -> dict[str, Any]:
    return {"bootstrap_servers": [broker.address]}


def test_json_is_found_in_a_sample_and_read_with_bad_records_apart(broker, duck):
    topic = broker.topic(2)
    broker.fill(
        topic,
        [b'{"id":1,"price":2.5,"at":"2026-01-01T00:00:00Z"}', b"{", {"value": b'{"id":3,"who":"x"}', "key": b"k"}],
    )
    node = Node(duck, {"cluster": plain(broker)}, topics=[topic])
    probe = node.look()
    assert probe.columns == {"id": "BIGINT", "price": "DOUBLE", "at": "VARCHAR", "who": "VARCHAR"} or list(probe.columns) == [
        "id", "price", "at", "who"
    ]  # fmt: skip
    rows, reasons = node.rows(probe)
    assert [(row["id"], row["price"], row["who"], row["_key"], row["_position"]) for row in rows] == [
        (1, 2.5, None, None, 0), (3, None, "x", "k", 2)
    ]  # fmt: skip
    assert len(reasons) == 1 and "no JSON" in reasons[0]


def test_a_preview_shows_the_first_records_with_their_metadata(broker, duck):
    topic = broker.topic()
    broker.fill(topic, [b'{"id":%d}' % number for number in range(5)])
    node = Node(duck, {"cluster": plain(broker)}, topics=[topic], columns={"id": "INTEGER"}, start="latest")
    probe = node.look()

    class Letters:
        def add(self, *_: Any) -> None:
            raise AssertionError

    opened = node.source.open(
        duck, probe, {**probe.columns, "_key": "VARCHAR", "_event_time": "TIMESTAMPTZ"}, Letters()
    )
    assert [row[0] for row in duck.execute(f"SELECT id FROM {opened.sql}").fetchall()] == list(range(5))


def test_a_compacted_topic_is_a_table_with_its_deletions(broker, duck):
    topic = broker.topic(cleanup_policy="compact")
    broker.fill(
        topic, [{"key": b"a", "value": b'{"v":1}'}, {"key": b"b", "value": b'{"v":2}'}, {"key": b"a", "value": None}]
    )
    node = Node(
        duck, {"cluster": plain(broker)}, topics=[topic], columns={"v": "BIGINT"}, tombstones="row", deleted="gone"
    )
    rows, reasons = node.rows()
    assert [(row["_key"], row["v"], row["gone"]) for row in rows] == [
        ("a", 1, False),
        ("b", 2, False),
        ("a", None, True),
    ]
    assert not reasons


def registered(address: str, subject: str, schema: Any) -> int:
    body = json.dumps({"schema": json.dumps(schema)}).encode()
    request = urllib.request.Request(
        f"{address}/subjects/{subject}/versions", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())["id"]


def written(schema: Any, number: int | None, record: Any) -> bytes:
    data = io.BytesIO()
    fastavro.schemaless_writer(data, fastavro.parse_schema(json.loads(json.dumps(schema))), record)
    return (b"" if number is None else b"\x00" + number.to_bytes(4, "big")) + data.getvalue()


def test_avro_with_a_registry_goes_on_when_the_schema_grows(broker, registry, duck):
    topic = broker.topic()
    first = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "int"}]}
    second = {
        "type": "record", "name": "Order",
        "fields": [{"name": "id", "type": "long"}, {"name": "note", "type": "string", "default": "-"}],
    }  # fmt: skip
    connections = {"cluster": plain(broker), "schemas": {"url": registry.address}}
    one = registered(registry.address, f"{topic}-value", first)
    broker.fill(topic, [written(first, one, {"id": 1})])
    node = Node(duck, connections, topics=[topic], format="avro", registry="schemas")
    old = node.look()
    assert old.columns == {"id": "INTEGER"}
    two = registered(registry.address, f"{topic}-value", second)
    broker.fill(
        topic, [written(second, two, {"id": 2, "note": "new"}), written(second, 999_999, {"id": 3, "note": ""}), b"{}"]
    )
    rows, reasons = node.rows()
    assert [(row["id"], row["note"]) for row in rows] == [(1, "-"), (2, "new")], "the latest schema reads older records"
    assert reasons == ["the registry has no schema 999999", "it does not begin with the id of a schema"]


def test_avro_without_a_registry_is_read_by_a_schema_file(broker, duck, tmp_path: Path):
    topic = broker.topic()
    schema = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}
    (tmp_path / "order.avsc").write_text(json.dumps(schema), "utf-8")
    broker.fill(topic, [written(schema, None, {"id": 7})])
    node = Node(
        duck, {"cluster": plain(broker)}, str(tmp_path), topics=[topic], format="avro", schema_file="order.avsc"
    )
    assert [row["id"] for row in node.rows()[0]] == [7]


def test_a_schema_that_refers_to_another_subject_is_read_whole(broker, registry, duck):
    from runnel.connectors.decoding.registry import _inlined

    person = {"type": "record", "name": "Person", "namespace": "x", "fields": [{"name": "n", "type": "string"}]}
    order = {"type": "record", "name": "Order", "namespace": "x", "fields": [
        {"name": "a", "type": "Person"}, {"name": "b", "type": ["null", "x.Person"]}]}  # fmt: skip
    whole = _inlined(order, {"x.Person": person}, "")
    data = written(whole, None, {"a": {"n": "A"}, "b": {"n": "B"}})
    read = fastavro.schemaless_reader(io.BytesIO(data), fastavro.parse_schema(whole), None)
    assert read == {"a": {"n": "A"}, "b": {"n": "B"}}


def test_a_subject_that_is_not_there_is_named(broker, registry, duck):
    topic = broker.topic()
    connections = {"cluster": plain(broker), "schemas": {"url": registry.address}}
    node = Node(duck, connections, topics=[topic], format="avro", registry="schemas")
    with pytest.raises(AuthoringError, match=f"no subject {topic}-value"):
        node.look()


def test_without_the_network_the_columns_must_be_given(duck):
    source = KafkaSource(KafkaSource.Config(connection="cluster", topics=["t"]), {}, "kafka")
    with pytest.raises(AuthoringError, match="columns"):
        source.probe(duck, "/")


SECURED = [("sasl_plaintext", "PLAIN"), ("sasl_plaintext", "SCRAM-SHA-256"), ("sasl_tls", "SCRAM-SHA-512")]


def secured(kafka: Any, security: str, mechanism: str, **other: Any) -> dict[str, Any]:
    tls = security == "sasl_tls"
    options = {
        "bootstrap_servers": [kafka.details["tls" if tls else "sasl"]], "security": security, "sasl_mechanism": mechanism,
        "username": kafka.details["user"], "password": kafka.details["password"],
        **({"ca_certificate": Path(kafka.details["ca"]).read_text("utf-8")} if tls else {}),
    }  # fmt: skip
    return {**options, **other}


@pytest.mark.parametrize(("security", "mechanism"), SECURED)
def test_a_secured_cluster_is_read(kafka, broker, duck, security, mechanism):
    topic = broker.topic()
    broker.fill(topic, [b'{"id":1}'])
    node = Node(duck, {"cluster": secured(kafka, security, mechanism)}, topics=[topic])
    assert [row["id"] for row in node.rows()[0]] == [1]


def test_a_wrong_password_is_said_at_once_and_never_shown(kafka, broker, duck):
    topic = broker.topic()
    options = secured(kafka, "sasl_plaintext", "PLAIN", password="canary-wrong-password")
    with pytest.raises(RunnelError) as raised:
        Node(duck, {"cluster": options}, topics=[topic], columns={"id": "BIGINT"}).rows()
    assert raised.value.code == "RNL-KAFKA-002" and not raised.value.retryable
    assert "canary" not in str(raised.value) + repr(raised.value.to_json())


def test_a_certificate_of_somebody_else_is_refused(kafka, broker, duck, tmp_path):
    from tools.services import certificates

    other = Path(certificates.make(tmp_path)["ca.pem"]).read_text("utf-8")
    options = secured(kafka, "sasl_tls", "PLAIN", ca_certificate=other)
    with pytest.raises(RunnelError) as raised:
        Node(duck, {"cluster": options}, topics=[broker.topic()], columns={"id": "BIGINT"}).rows()
    assert raised.value.code == "RNL-KAFKA-003"
