"""No option reaches a driver but those that a connector declares; what a driver would read as something else is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runnel.catalog import discover
from runnel.sdk.connector import Connector, option_findings, secret_fields

CONNECTORS = discover(plugins=False).connectors
SOUND: dict[str, dict[str, Any]] = {
    "kafka": {"bootstrap_servers": ["kafka.example:9092"], "security": "sasl_tls", "username": "u", "password": "pass-word"},
    "postgres": {"host": "db.example", "database": "shop", "user": "reader", "password": "pass-word"},
    "mqtt": {"host": "mqtt.example", "username": "u", "password": "pass-word"},
    "http": {"base_url": "https://api.example/v1", "auth": "bearer", "secret": "pass-word"},
    "schema_registry": {"url": "https://registry.example", "auth": "basic", "username": "u", "secret": "pass-word"},
}
KAFKA = ["plugin.library.paths", "ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.keystore.location", "ssl.crl.location", "ssl.engine.location", "ssl.providers", "ssl.engine.id", "ssl.ca.certificate.stores", "ssl.keystore.password", "ssl.key.password", "sasl.oauthbearer.token.endpoint.url", "sasl.oauthbearer.config", "sasl.oauthbearer.method", "sasl.oauthbearer.client.id", "sasl.oauthbearer.client.secret", "sasl.oauthbearer.extensions", "sasl.oauthbearer.assertion.private.key.file", "sasl.oauthbearer.assertion.file", "sasl.oauthbearer.assertion.jwt.template.file", "sasl.oauthbearer.metadata.authentication.type", "sasl.oauthbearer.sub.claim.name", "sasl.kerberos.kinit.cmd", "sasl.kerberos.keytab", "sasl.kerberos.principal", "sasl.kerberos.service.name", "sasl.jaas.config", "sasl.login.callback.handler.class", "sasl.client.callback.handler.class", "interceptor.classes", "metric.reporters", "enable.ssl.certificate.verification", "ssl.endpoint.identification.algorithm", "https.ca.location", "https.ca.pem", "debug", "opaque", "open_cb", "socket_cb", "connect_cb", "resolve_cb", "oauthbearer_token_refresh_cb", "stats_cb", "error_cb", "security.protocol", "bootstrap.servers", "group.id", "transactional.id", "client.rack", "enable.sasl.oauthbearer.unsecure.jwt"]
POSTGRES = ["options", "passfile", "service", "servicefile", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslcrldir", "sslkeylogfile", "sslpassword", "sslmode", "hostaddr", "dbname", "conninfo", "dsn", "requirepeer", "krbsrvname", "gsslib", "gssencmode", "gssdelegation", "require_auth", "channel_binding", "load_balance_hosts", "target_session_attrs", "replication", "fallback_application_name", "oauth_issuer", "oauth_client_id", "oauth_client_secret", "sslnegotiation", "ssl_min_protocol_version", "scram_client_key", "min_protocol_version", "autocommit", "cursor_factory", "row_factory", "context", "local_infile", "init_command", "read_default_file"]
OTHERS = {
    "mqtt": ["transport", "ws_path", "proxy", "proxy_type", "ca_certs", "certfile", "keyfile", "tls_insecure", "unix_socket", "bind_address", "will"],
    "http": ["proxy", "proxies", "verify", "cert", "trust_env", "transport", "mounts", "event_hooks", "follow_redirects", "unix_socket", "auth_class"],
    "schema_registry": ["ssl.ca.location", "ssl.key.location", "basic.auth.user.info", "url.list", "proxy", "bearer.auth.issuer.endpoint.url"],
}
DANGEROUS = [
    *(("kafka", name) for name in KAFKA), *(("postgres", name) for name in POSTGRES),
    *((kind, name) for kind, names in OTHERS.items() for name in names),
]  # fmt: skip
WRONG: list[tuple[str, str, Any]] = [
    *(("postgres", "host", host) for host in (
        "/var/run/postgresql", "@postgres", "a,b", "db@evil", "db?sslmode=disable", "db sslmode=disable", "db\nhost=x", "", "../x",
        "127.1", "0x7f000001", "2130706433", "db;x", "db'x", "[::1", "[fe80::1%lo]", "\\\\server\\share", "db/x", "db:5432",
    )),
    *(("postgres", "database", name) for name in ("host=/tmp dbname=x", "postgresql://evil/x", "service=x", "a\0b", "a\nb", "x" * 64, "")),
    *(("postgres", "user", name) for name in ("a\nb", "a\0b", "")),
    *(("postgres", "port", port) for port in (0, -1, 65536, "5432", "5432,5433", 5432.5, True, None)),
    *(("postgres", "tls", mode) for mode in ("prefer", "allow", "", "verify-full", None, 1)),
    *(("postgres", "application_name", name) for name in ("a\nb", "x" * 64)),
    *(("postgres", "connect_timeout_seconds", value) for value in (0, 121, "10", -1)),
    *(("postgres", "ca_certificate", text) for text in (
        "/etc/ssl/certs/ca.pem", "~/.postgresql/root.crt", "file:///etc/passwd", "system", "",
        "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----",
    )),
    *(("kafka", "bootstrap_servers", value) for value in (
        [], "kafka:9092", ["kafka"], ["/tmp/sock:1"], ["a:1,b:2"], ["SSL://a:1"], ["a:99999"], ["u@a:1"], ["a:1", ""], None, ["a:1"] * 21,
    )),
    *(("kafka", "sasl_mechanism", value) for value in ("OAUTHBEARER", "GSSAPI", "plain", "")),
    *(("kafka", "security", value) for value in ("SASL_SSL", "none", "")),
    *(("kafka", "client_key", text) for text in (
        "/root/.ssh/id_rsa", "x", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n-----END ENCRYPTED PRIVATE KEY-----\n",
    )),
    ("kafka", "client_id", "a\nb"), ("kafka", "username", "a\0"), ("mqtt", "client_id", "a\nb"), ("mqtt", "version", "3.1"),
    ("mqtt", "host", "unix:///x"), ("mqtt", "keepalive_seconds", 0), ("mqtt", "port", "8883"),
    *(("http", "base_url", url) for url in (
        "file:///etc/passwd", "ftp://x/", "http://user:pass@x/", "//x/", "x", "http://127.1/", "http://x/#y", "http://x\n/", "",
    )),
    *(("http", "headers", value) for value in (
        {"Authorization": "x"}, {"X-Api-Key": "x"}, {"Cookie": "x"}, {"Host": "x"}, {"a b": "x"}, {"a": "x\r\ny: z"},
        {"Content-Length": "1"}, {"Transfer-Encoding": "chunked"}, {"a": 1}, ["a"],
    )),
    *(("http", "header_name", name) for name in ("Host", "a b", "a:b", "a\nb", "")),
    ("http", "secret", "a\r\nb"), ("http", "auth", "digest"), ("schema_registry", "url", "file:///x"), ("schema_registry", "auth", "sasl"),
]  # fmt: skip


def findings(kind: str, **change: Any) -> Any:
    return option_findings(CONNECTORS[kind], {**SOUND[kind], **change})


def test_there_are_more_than_eighty_of_them() -> None:
    assert len(set(DANGEROUS)) >= 110


@pytest.mark.parametrize("kind", SOUND)
def test_sound_options_are_taken(kind: str) -> None:
    options, found = findings(kind)
    assert options is not None and found == ()


@pytest.mark.parametrize(("kind", "name"), DANGEROUS)
def test_options_that_are_not_declared_are_refused(kind: str, name: str) -> None:
    options, found = findings(kind, **{name: "/etc/passwd"})
    assert options is None
    assert [(finding.code, finding.where.field) for finding in found] == [("RNL-CONN-003", name)]
    assert "/etc/passwd" not in str(found) and "Options:" in found[0].hint


@pytest.mark.parametrize(("kind", "name", "value"), WRONG)
def test_values_that_a_driver_would_read_as_something_else_are_refused(kind: str, name: str, value: Any) -> None:
    options, found = findings(kind, **{name: value})
    assert options is None and found[0].code == "RNL-CONN-004"
    assert (found[0].where.field or name).split(".")[0] == name


@pytest.mark.parametrize("kind", SOUND)
def test_a_secret_is_in_no_finding_and_in_no_text_of_the_options(kind: str) -> None:
    secret = "canary-7f3a\r\nx"
    for name in secret_fields(CONNECTORS[kind].Options):
        for value in (secret, [secret], {"a": secret}, secret * 20_000):
            options, found = findings(kind, **{name: value})
            assert options is None and "canary" not in json.dumps([finding.to_json() for finding in found])
    options, _ = findings(kind)
    assert "pass-word" not in repr(options) and "pass-word" not in str(options)


@pytest.mark.parametrize("kind", SOUND)
def test_every_option_is_typed_titled_and_bounded(kind: str) -> None:
    connector: type[Connector] = CONNECTORS[kind]
    schema = connector.Options.model_json_schema()
    assert schema["additionalProperties"] is False
    for name, field in schema["properties"].items():
        assert field.get("title"), name
        kinds = [part.get("type") for part in field.get("anyOf", [field])]
        assert all(kinds) and (kinds != ["object"] or field["additionalProperties"] is not True), name
    assert set(connector.leads) <= set(schema["properties"]) and connector.leads


@pytest.mark.parametrize(("kind", "change", "word"), [
    ("kafka", {"password": ""}, "password"), ("kafka", {"username": ""}, "user"), ("mqtt", {"username": ""}, "user"),
    ("postgres", {"tls": "verify_ca"}, "CA certificate"), ("http", {"secret": ""}, "secret"),
    ("http", {"auth": "basic"}, "user"), ("http", {"auth": "signature"}, "whsec_"),
    ("http", {"auth": "signature", "secret": "whsec_c2hvcnQ="}, "24 to 64"), ("schema_registry", {"username": "a:b"}, "colon"),
])  # fmt: skip
def test_options_that_need_each_other_are_asked_for_together(kind: str, change: dict[str, Any], word: str) -> None:
    options, found = findings(kind, **change)
    assert options is None and word in found[0].what
