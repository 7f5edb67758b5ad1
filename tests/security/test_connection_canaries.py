"""Secrets of connections, used in every way, are found nowhere afterwards: no file, log, event, answer or worker's words."""

from __future__ import annotations

import json
import secrets
import subprocess
from pathlib import Path

import pytest

from running import ENVIRONMENT, RUNNEL, Running, running
from security.test_canaries import forms

KINDS = {
    "kafka": ({"bootstrap_servers": ["127.0.0.1:1"], "security": "sasl_tls", "username": "u"}, "password"),
    "postgres": ({"host": "127.0.0.1", "port": 1, "database": "d", "user": "u"}, "password"),
    "mqtt": ({"host": "127.0.0.1", "port": 1, "username": "u"}, "password"),
    "http": ({"base_url": "http://127.0.0.1:1/", "auth": "bearer"}, "secret"),
    "schema_registry": ({"url": "http://127.0.0.1:1", "auth": "basic", "username": "u"}, "secret"),
}


@pytest.mark.row("M-002-08")
def test_no_secret_of_a_connection_is_found_anywhere_after_it_was_used(tmp_path: Path) -> None:
    (tmp_path / "runnel.toml").write_text('egress_allow = ["127.0.0.1"]\n', "utf-8")
    canaries: list[str] = []

    def canary() -> str:
        canaries.append(f"canary-{secrets.token_hex(12)}/ü")
        return canaries[-1]

    answers: list[bytes] = []
    with running(tmp_path) as server:
        for kind, (config, field) in KINDS.items():
            _use(server, kind, config, field, canary, answers)
        for path in ("/connections", "/connectors", "/audit?limit=500", "/settings", "/monitoring", "/openapi.json"):
            answers.append(server.api.get(path).content)
        command = [RUNNEL, "connections", "add", "console", "--kind", "mqtt", "--option", "host=127.0.0.1", "--option", "username=u"]
        for arguments in (command, [RUNNEL, "connections", "test", "console"], [RUNNEL, "connections", "list", "--json"]):
            given = json.dumps({"password": canary()}) if "add" in arguments else ""
            done = subprocess.run(arguments, cwd=tmp_path, env=ENVIRONMENT, input=given, capture_output=True, text=True)
            answers.append((done.stdout + done.stderr).encode())
    files = {str(file.relative_to(tmp_path)): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert "server.log" in files and any(name.endswith("runnel.db") for name in files) and len(canaries) >= 25
    places = {**files, "answers": b"\n".join(answers)}
    found = [(place, secret) for place, data in places.items() for secret in canaries if any(form in data for form in forms(secret))]
    assert found == []


def _use(server: Running, kind: str, config: dict, field: str, canary, answers: list[bytes]) -> None:
    """Make, change, break, try and remove a connection, each time with a secret of its own."""
    ask = server.api.request

    def call(method: str, path: str, body: dict | None = None, **headers: str) -> None:
        answer = ask(method, path, json=body, headers=headers)
        assert answer.status_code != 500, answer.text
        answers.append(answer.content + str(answer.headers).encode())

    call("POST", "/connections", {"name": kind, "type": kind, "config": {**config, field: canary()}}, **{"idempotency-key": f"k-{kind}-1"})
    call("POST", "/connections", {"name": kind, "type": kind, "config": {**config, field: canary()}})
    call("POST", f"/connections/{kind}/test", {})
    call("POST", "/connections/test", {"type": kind, "config": {**config, field: canary()}})
    call("POST", "/connections/test", {"type": kind, "config": {**config, field: [canary()], "none": canary()}})
    call("POST", "/connections/test", {"type": kind, "config": {field: canary(), "passphrase": canary()}})
    call("PATCH", f"/connections/{kind}", {"config": {field: canary()}})
    call("PATCH", f"/connections/{kind}", {"config": {field: {"a": canary()}}})
    call("GET", f"/connections/{kind}")
