"""What drivers are given: made from a connection's own options, with the checked addresses."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from runnel.connectors.http.connection import HttpOptions
from runnel.connectors.http.connection import driver_settings as http_headers
from runnel.connectors.kafka.connection import KafkaOptions, check_brokers
from runnel.connectors.kafka.connection import driver_settings as kafka_settings
from runnel.connectors.mqtt.connection import MqttOptions
from runnel.connectors.mqtt.connection import driver_settings as mqtt_settings
from runnel.connectors.postgres.connection import NO_FILE, PostgresOptions
from runnel.connectors.postgres.connection import driver_settings as postgres_settings
from runnel.connectors.schema_registry.connection import SchemaRegistryOptions
from runnel.connectors.schema_registry.connection import driver_settings as registry_headers
from runnel.errors import AuthoringError
from runnel.sdk.egress import Checked, EgressPolicy

AT = Checked("db.example", 5432, ("192.0.2.7", "2001:db8::7"))


def postgres(**more: object) -> PostgresOptions:
    return PostgresOptions.model_validate({"host": "db.example", "database": "shop", "user": "u", **more})


def test_postgres_connects_to_the_checked_addresses_and_verifies_the_name() -> None:
    made = postgres_settings(postgres(password="p"), AT)
    assert made["hostaddr"] == "192.0.2.7,2001:db8::7" and made["host"] == "db.example,db.example"
    assert made["port"] == "5432,5432" and made["sslmode"] == "verify-full" and made["sslrootcert"] == "system"
    assert made["password"] == "p" and made["passfile"] == "/nonexistent/file" and made["sslcertmode"] == "disable"


def test_postgres_reads_no_file_of_the_system_in_any_mode() -> None:
    assert "sslrootcert" not in postgres_settings(postgres(tls="disable"), AT)
    assert postgres_settings(postgres(tls="require"), AT)["sslrootcert"] == NO_FILE
    assert "password" not in postgres_settings(postgres(), AT)
    for mode in ("disable", "require", "verify_full"):
        assert set(postgres_settings(postgres(tls=mode), AT)) <= {
            "host", "hostaddr", "port", "dbname", "user", "sslmode", "sslrootcert", "connect_timeout", "application_name",
            "client_encoding", "passfile", "gssencmode", "sslcertmode", "keepalives", "keepalives_idle",
        }  # fmt: skip


def test_kafka_without_tls_is_given_addresses_and_with_tls_names() -> None:
    at = [Checked("k1.example", 9092, ("192.0.2.7",)), Checked("k2.example", 9093, ("2001:db8::7",))]
    plain = KafkaOptions(bootstrap_servers=["k1.example:9092", "k2.example:9093"])
    made = kafka_settings(plain, at)
    assert made["bootstrap.servers"] == "192.0.2.7:9092,[2001:db8::7]:9093" and made["security.protocol"] == "PLAINTEXT"
    assert not any(name.startswith(("ssl", "sasl")) for name in made)
    secret = KafkaOptions(bootstrap_servers=["k1.example:9092"], security="sasl_tls", username="u", password="p")
    made = kafka_settings(secret, at[:1])
    assert made["bootstrap.servers"] == "k1.example:9092" and made["ssl.endpoint.identification.algorithm"] == "https"
    assert made["enable.ssl.certificate.verification"] is True and made["sasl.password"] == "p"
    assert not any(name.endswith("location") for name in made)


def test_what_a_cluster_sends_clients_on_to_is_checked_before_use() -> None:
    allowed = EgressPolicy(allow=("10.0.0.1:9092",))
    assert [item.address for item in check_brokers([("10.0.0.1", 9092)], allowed)] == ["10.0.0.1"]
    for broker in (("10.0.0.1", 9093), ("10.0.0.2", 9092), ("169.254.169.254", 80), ("127.0.0.1", 22)):
        with pytest.raises(AuthoringError) as caught:
            check_brokers([("10.0.0.1", 9092), broker], allowed)
        assert caught.value.code == "RNL-KAFKA-001" and "advertised.listeners" in caught.value.hint


def test_mqtt_keeps_the_host_for_tls_and_takes_a_client_id_of_its_own() -> None:
    made = mqtt_settings(MqttOptions(host="db.example", tls=True), AT, "stream-1")
    assert made["checked"] is AT and made["client_id"] == "stream-1" and made["tls"] is True and made["password"] is None
    assert mqtt_settings(MqttOptions(host="db.example", client_id="mine"), AT, "stream-1")["client_id"] == "mine"


def test_http_authenticates_in_the_way_that_was_chosen() -> None:
    def headers(**more: object) -> dict[str, str]:
        return http_headers(HttpOptions.model_validate({"base_url": "https://x.example", **more}), b"{}", id="msg_1", timestamp=7)

    assert headers(headers={"Accept": "a/b"}) == {"Accept": "a/b"}
    assert headers(auth="bearer", secret="t") == {"Authorization": "Bearer t"}
    assert headers(auth="basic", username="ü", secret="p")["Authorization"] == "Basic " + base64.b64encode("ü:p".encode()).decode()
    assert headers(auth="header", header_name="X-Key", secret="k") == {"X-Key": "k"}


def test_http_signs_as_standard_webhooks_say() -> None:
    """The vector of the specification's reference libraries."""
    options = HttpOptions(base_url="https://x.example", auth="signature", secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = http_headers(options, b'{"test": 2432232314}', id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330)
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = hmac.new(key, b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}', hashlib.sha256).digest()
    assert made["webhook-signature"].removeprefix("v1,") == base64.b64encode(signed).decode()


def test_a_registry_is_asked_as_itself() -> None:
    options = SchemaRegistryOptions(url="https://r.example", auth="basic", username="key", secret="s")
    assert registry_headers(options)["Authorization"] == "Basic " + base64.b64encode(b"key:s").decode()
    assert "Authorization" not in registry_headers(SchemaRegistryOptions(url="https://r.example"))
