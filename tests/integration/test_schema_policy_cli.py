"""The setting `schema` on the command line: exit codes, findings as JSON and on stderr, and what a check costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from building import fresh_folder

RUNNEL = [sys.executable, "-m", "runnel.cli.main"]
PIPELINE = """\
runnel: 1
name: orders
nodes:
  orders: {kind: source.file, config: {path: orders.csv}}
  paid: {kind: table.filter, from: orders, config: {where: "id > 0"}}
  saved: {kind: sink.file, from: paid, config: {path: out.csv}}
"""


@pytest.fixture
def folder():
    with fresh_folder() as made:
        (made / "orders.csv").write_text("id,price\n1,5\n2,6\n")
        for policy in ("evolve", "fail", "dead_letter"):
            (made / f"{policy}.runnel.yaml").write_text(PIPELINE + f"settings: {{schema: {policy}}}\n")
        yield made


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUNNEL, *arguments], cwd=folder, capture_output=True, text=True)


def findings(folder: Path, policy: str) -> tuple[int, list[dict[str, Any]]]:
    done = call(folder, "validate", f"{policy}.runnel.yaml", "--json")
    return done.returncode, [one for one in json.loads(done.stdout)["findings"] if one["code"].startswith("RNL-SCHEMA")]


def test_each_policy_has_its_exit_code_and_its_findings(folder):
    first = json.loads(call(folder, "run", "fail.runnel.yaml", "--json").stdout)
    assert first["status"] == "success" and findings(folder, "fail") == (0, [])
    (folder / "orders.csv").write_text("id,price\n1,5\n2,dear\n")
    code, (found,) = findings(folder, "evolve")
    assert (code, found["severity"], found["where"]["node"], found["where"]["line"]) == (0, "info", "orders", 4)
    assert "`price` is VARCHAR and was BIGINT" in found["what"] and first["run_id"] in found["what"]
    code, (found,) = findings(folder, "fail")
    assert (code, found["severity"], found["code"]) == (3, "error", "RNL-SCHEMA-002")
    assert found["fix"]["edits"] == [
        {"op": "set", "path": ["nodes", "orders", "config", "columns", "price"], "value": "BIGINT"}
    ]
    for arguments in (("run", "fail.runnel.yaml"), ("preview", "fail.runnel.yaml", "paid"), ("run", "fail.runnel.yaml", "--dry-run")):  # fmt: skip
        done = call(folder, *arguments)
        assert done.returncode == 3 and "RNL-SCHEMA-002" in done.stderr
    assert findings(folder, "dead_letter")[0] == 0
    shown = call(folder, "preview", "dead_letter.runnel.yaml", "paid", "--json")
    assert "RNL-SCHEMA-003" in shown.stderr and json.loads(shown.stdout)["columns"][1]["type"] == "BIGINT"
    done = call(folder, "run", "dead_letter.runnel.yaml")
    assert done.returncode == 0 and "RNL-SCHEMA-003" in done.stderr and "1 dead letters" in done.stderr
    assert (folder / "out.csv").read_text() == "id,price\n1,5\n"
    done = json.loads(call(folder, "run", "evolve.runnel.yaml", "--json").stdout)
    assert [one["code"] for one in done["findings"]] == ["RNL-SCHEMA-001"] and done["ledger"]["balanced"]
    assert findings(folder, "fail") == (0, []), "what a good run accepted is what is known"


def test_another_file_in_place_of_a_source_is_neither_compared_nor_remembered(folder):
    assert call(folder, "run", "fail.runnel.yaml").returncode == 0
    (folder / "other.csv").write_text("id,weight\n1,heavy\n")
    assert call(folder, "run", "fail.runnel.yaml", "-i", "orders=other.csv").returncode == 0
    assert findings(folder, "fail") == (0, [])
    (folder / "orders.csv").write_text("id\n1\n")
    assert findings(folder, "fail")[0] == 3


def test_a_check_makes_no_database_and_loads_no_store(folder):
    program = (
        "import sys; from runnel.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'sqlalchemy' not in sys.modules"
    )

    def check() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, "validate", "fail.runnel.yaml"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True)

    assert check().returncode == 0
    assert not list(folder.glob(".runnel/*.db*"))
    assert call(folder, "run", "fail.runnel.yaml").returncode == 0
    done = check()
    assert done.returncode == 0, done.stderr
    (folder / "orders.csv").write_text("id\n1\n")
    done = check()
    assert done.returncode != 0 and "RNL-SCHEMA-002" in done.stderr
