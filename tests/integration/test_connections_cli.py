"""Connections on the command line: secrets come on standard input, a test that does not get through ends with 5."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tools.services import mosquitto as service

from running import ENVIRONMENT, RUNNEL

SECRET = "canary-wort-77"
AT = ["--option", "host=127.0.0.1", "--option", "port=1", "--option", "database=d", "--option", "user=u"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "runnel.toml").touch()
    return tmp_path


def runnel(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [RUNNEL, "connections", *arguments], cwd=folder, env=ENVIRONMENT, input=given, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr
    return done


def told(folder: Path, *arguments: str, given: str = "") -> dict:
    done = runnel(folder, *arguments, "--json", given=given)
    assert done.returncode in (0, 5), done.stderr
    return json.loads(done.stdout)


@pytest.mark.row("M-002-50")
def test_a_connection_is_added_listed_and_deleted(folder: Path) -> None:
    made = told(folder, "add", "shop", "--kind", "postgres", *AT, given=json.dumps({"password": SECRET}))
    assert made["secret_fields"] == ["password"] and made["config"]["port"] == 1
    (listed,) = told(folder, "list")["connections"]
    assert listed["name"] == "shop" and listed["place"] == "u@127.0.0.1:1/d" and listed["used_by"] == []
    assert SECRET not in json.dumps([made, listed]) and SECRET not in runnel(folder, "list").stdout
    assert told(folder, "delete", "shop") == {"deleted": "shop"}
    assert told(folder, "list")["connections"] == []
    assert runnel(folder, "delete", "shop").returncode == 3


def test_every_kind_is_told(folder: Path) -> None:
    assert {item["name"] for item in told(folder, "kinds")["connectors"]} >= {"kafka", "postgres", "mqtt", "http"}
    assert "bootstrap_servers" in runnel(folder, "kinds").stdout


@pytest.mark.parametrize(("arguments", "given", "word"), [
    (["--kind", "oracle"], "", "no kind"), (["--kind", "postgres", "--option", "host"], "", "no `=`"),
    (["--kind", "postgres", *AT, "--option", f"password={SECRET}"], "", "standard input"),
    (["--kind", "postgres", *AT, "--option", "service=x"], "", "no option"),
    (["--kind", "postgres", *AT], "{", "JSON"), (["--kind", "postgres", *AT], '{"host": "x"}', "Secrets of postgres"),
    (["--kind", "postgres", *AT], "[1]", "JSON"), (["--kind", "kafka", "--option", "bootstrap_servers=a,b:1"], "", "no host"),
])  # fmt: skip
def test_what_does_not_fit_is_said_and_nothing_is_kept(folder: Path, arguments: list[str], given: str, word: str) -> None:
    done = runnel(folder, "add", "x", *arguments, given=given)
    assert done.returncode == 3 and word in done.stderr and SECRET not in done.stderr
    assert told(folder, "list")["connections"] == []


def test_a_connection_that_is_there_is_changed_only_when_asked_to(folder: Path) -> None:
    told(folder, "add", "shop", "--kind", "postgres", *AT, given=json.dumps({"password": SECRET}))
    assert runnel(folder, "add", "shop", "--kind", "postgres", *AT).returncode == 3
    made = told(folder, "add", "shop", "--kind", "postgres", "--replace", *AT, "--option", "application_name=etl")
    assert made["secret_fields"] == ["password"] and made["config"]["application_name"] == "etl"
    other = runnel(folder, "add", "shop", "--kind", "kafka", "--replace", "--option", "bootstrap_servers=a:1")
    assert other.returncode == 3 and "one to postgres" in other.stderr


@pytest.mark.row("M-002-51")
def test_a_test_that_does_not_get_through_ends_with_five_and_says_the_way_out(folder: Path) -> None:
    told(folder, "add", "shop", "--kind", "postgres", *AT, given=json.dumps({"password": SECRET}))
    done = runnel(folder, "test", "shop")
    assert done.returncode == 5
    assert "✓ resolve" in done.stdout and "✗ connect" in done.stdout and "Nothing listens there" in done.stdout
    outcome = told(folder, "test", "shop")
    assert outcome["ok"] is False and outcome["steps"][-1]["name"] == "connect"
    assert told(folder, "list")["connections"][0]["test"]["ok"] is False
    assert runnel(folder, "test", "none").returncode == 3


def test_a_test_that_gets_through_ends_with_zero(folder: Path, mosquitto) -> None:
    host, port = mosquitto.address.split(":")
    options = ["--option", f"host={host}", "--option", f"port={port}", "--option", f"username={service.USER}"]
    told(folder, "add", "things", "--kind", "mqtt", *options, given=json.dumps({"password": service.PASSWORD}))
    done = runnel(folder, "test", "things")
    assert done.returncode == 0 and done.stdout.count("✓") == 4 and service.PASSWORD not in done.stdout
