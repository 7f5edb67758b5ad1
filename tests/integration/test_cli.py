"""The command line as a real process: JSON keys, exit codes, pipes, signals, bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from building import fresh_folder

RUNNEL = [sys.executable, "-m", "runnel.cli.main"]
ORDERS = "id,country,price,quantity\n1,DE,10.5,2\n2,FR,3,1\n3,DE,x,4\n4,,5,1\n"
PIPELINE = """\
runnel: 1
name: orders
params:
  least: {type: integer, default: 0}
nodes:
  orders:
    kind: source.file
    config: {path: orders.csv}
  typed:
    kind: table.cast
    from: orders
    config: {columns: {price: DOUBLE}}
  paid:
    kind: table.filter
    from: typed
    config: {where: "price > ${params.least}"}
  totals:
    kind: table.aggregate
    from: paid
    config: {group_by: [country], values: {revenue: "sum(price * quantity)"}}
  saved:
    kind: sink.file
    from: totals
    config: {path: out/totals.csv}
tests:
  - name: one country
    given: {orders: [{id: 1, country: DE, price: "2", quantity: 3}]}
    expect: {totals: [{country: DE, revenue: 6}]}
"""


@pytest.fixture
def folder():
    with fresh_folder() as made:
        (made / "orders.csv").write_text(ORDERS)
        (made / "orders.runnel.yaml").write_text(PIPELINE)
        yield made


def call(folder: Path, *arguments: str, stdin: str | bytes = b"", **environ: str) -> subprocess.CompletedProcess[bytes]:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    keep = {name: value for name, value in os.environ.items() if not name.startswith("RUNNEL_")}
    done = subprocess.run([*RUNNEL, *arguments], cwd=folder, input=data, capture_output=True, timeout=120,
                          env={**keep, "HOME": str(folder), **environ}, check=False)  # fmt: skip
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


def answer(folder: Path, *arguments: str, code: int = 0, stdin: str = "", **environ: str) -> Any:
    done = call(folder, *arguments, "--json", stdin=stdin, **environ)
    assert done.returncode == code, (done.returncode, done.stderr.decode())
    return json.loads(done.stdout)


def test_run_prints_every_key_of_the_contract(folder):
    made = answer(folder, "run", "orders.runnel.yaml")
    keys = ["run_id", "pipeline", "version", "status", "cause", "seconds", "nodes", "edges", "ledger", "dead_letters",
            "outputs", "findings", "error"]  # fmt: skip
    assert list(made) == keys
    assert (made["status"], made["pipeline"], made["error"]) == ("warning", "orders", None)
    assert {"id", "kind", "status", "seconds", "rows_in", "rows_out", "engine"} <= set(made["nodes"][0])
    assert made["edges"][0] == {"from": "orders.output", "to": "typed.input", "rows": 4}
    entry = {"node", "in", "out", "passed", "filtered", "absorbed", "created", "dead_lettered", "in_flight", "complete", "ports"}
    assert made["ledger"]["balanced"] and all(entry <= set(item) for item in made["ledger"]["nodes"])
    assert made["dead_letters"] == {"typed": 1}
    assert made["outputs"][0]["node"] == "saved" and made["outputs"][0]["rows"] == 3
    assert (folder / "out/totals.csv").read_text().splitlines()[0] == "country,revenue"


def test_a_parameter_changes_the_result_and_a_wrong_one_is_a_finding(folder):
    assert answer(folder, "run", "orders.runnel.yaml", "--param", "least=4")["outputs"][0]["rows"] == 2
    assert call(folder, "run", "orders.runnel.yaml", "--param", "least=many").returncode == 3
    assert call(folder, "run", "orders.runnel.yaml", "--param", "least").returncode in (2, 3)
    assert call(folder, "run", "orders.runnel.yaml", "--param", "most=4").returncode == 3


def test_preview_validate_schema_sql_and_lineage_print_their_keys(folder):
    made = answer(folder, "preview", "orders.runnel.yaml", "paid", "--limit", "2")
    assert list(made) == ["columns", "rows", "total_rows", "complete"]
    assert set(made["columns"][0]) == {"name", "type", "nullable"}
    assert (len(made["rows"]), made["total_rows"], made["complete"]) == (2, 3, False)
    assert answer(folder, "preview", "orders.runnel.yaml", "typed.rejected")["total_rows"] == 1
    assert list(answer(folder, "validate", "orders.runnel.yaml")) == ["findings"]
    assert answer(folder, "schema", "orders.runnel.yaml")["nodes"]["totals"]["output"][1]["type"] == "DOUBLE"
    assert set(answer(folder, "sql", "orders.runnel.yaml", "totals")) == {"dialect", "sql", "columns"}
    assert answer(folder, "sql", "orders.runnel.yaml", "totals", "--dialect", "postgres")["dialect"] == "postgres"
    (folder / "exact.runnel.yaml").write_text(PIPELINE.replace("price: DOUBLE", 'price: "DECIMAL(10,2)"'))
    refused = call(folder, "sql", "exact.runnel.yaml", "totals", "--dialect", "postgres")
    assert refused.returncode == 3 and b"RNL-DIALECT-001" in refused.stderr and b"postgres" in refused.stderr
    made = answer(folder, "lineage", "orders.runnel.yaml", "totals.revenue")
    assert made["sources"] == [{"node": "orders", "column": "price"}, {"node": "orders", "column": "quantity"}]
    assert made["path"]


@pytest.mark.row("M-003-117", met_by="app/pipelines.py", deviation="findings come with a call; the editor that asks at every change comes later")
def test_validate_of_a_broken_pipeline_names_place_hint_and_fix(folder):
    text = PIPELINE.replace("table.filter", "table.filer").replace("group_by: [country]", "group_by: [contry]")
    made = answer(folder, "validate", "-", stdin=text, code=3)
    found = next(item for item in made["findings"] if "filer" in item["what"])
    assert set(found) == {"code", "severity", "where", "what", "hint", "fix"}
    assert found["where"]["node"] == "paid" and found["where"]["line"] == 14 and found["fix"]


def test_expr_answers_over_nothing_a_file_and_standard_input(folder):
    assert answer(folder, "expr", "1 + 2")["values"] == [3]
    assert answer(folder, "expr", "id * 2", "-i", "orders.csv")["values"] == [2, 4, 6, 8]
    assert answer(folder, "expr", "a + 1", "-i", "-", stdin="a\n1\n2\n")["values"] == [2, 3]
    assert call(folder, "expr", "nope(1)").returncode == 3
    assert call(folder, "expr", "9007199254740993::BIGINT + 0", "--json").stdout.count(b"9007199254740993") == 1


def test_catalogue_verbs_answer_without_a_project(folder):
    assert any(node["kind"] == "table.join" for node in answer(folder, "nodes", "list")["nodes"])
    assert answer(folder, "nodes", "describe", "table.join")["kind"] == "table.join"
    assert answer(folder, "functions", "list")
    assert answer(folder, "functions", "describe", "title_case")
    assert call(folder, "nodes", "describe", "table.jion").returncode == 3
    assert answer(folder, "schema")["type"] == "object"


def test_fmt_graph_diff_and_test_end_with_the_codes_of_the_contract(folder):
    (folder / "ugly.runnel.yaml").write_text(PIPELINE.replace("  least: {type", "  least:     {type"))
    assert call(folder, "fmt", "--check", "ugly.runnel.yaml").returncode == 4
    assert call(folder, "fmt", "ugly.runnel.yaml").returncode == 0
    assert call(folder, "fmt", "--check", "ugly.runnel.yaml").returncode == 0
    assert b"flowchart" in call(folder, "graph", "orders.runnel.yaml").stdout or b"graph" in call(folder, "graph", "orders.runnel.yaml").stdout
    assert call(folder, "graph", "orders.runnel.yaml", "--format", "svg").stdout.lstrip().startswith(b"<svg")
    (folder / "other.runnel.yaml").write_text(PIPELINE.replace("price >", "price >="))
    assert call(folder, "diff", "orders.runnel.yaml", "other.runnel.yaml").returncode == 0
    assert answer(folder, "test", "orders.runnel.yaml") == {"tests": [{"name": "one country", "passed": True, "difference": None}]}
    (folder / "orders.runnel.yaml").write_text(PIPELINE.replace("revenue: 6}", "revenue: 7}"))
    assert not answer(folder, "test", "orders.runnel.yaml", code=4)["tests"][0]["passed"]


def test_runs_letters_datasets_and_settings_are_listed_and_shown(folder):
    run_id = answer(folder, "run", "orders.runnel.yaml")["run_id"]
    assert answer(folder, "runs", "list")["runs"][0]["run_id"] == run_id
    assert answer(folder, "runs", "show", run_id)["status"] == "warning"
    assert answer(folder, "runs", "logs", run_id)["logs"]
    assert answer(folder, "runs", "cancel", run_id)["cancelling"] is False
    letter = answer(folder, "dead-letters", "show", run_id)["letters"][0]
    assert letter["node"] == "typed" and letter["row"]["price"] == "x" and "x" in letter["reason"]
    assert answer(folder, "dead-letters", "list")["dead_letters"][0]["open"] == 1
    assert answer(folder, "dead-letters", "discard", run_id, "typed", "--reason", "tested")["discarded"] == 1
    assert answer(folder, "dead-letters", "list")["dead_letters"][0]["open"] == 0
    assert answer(folder, "datasets", "list") == {"datasets": []}
    assert call(folder, "datasets", "read", "nothing").returncode == 3
    assert answer(folder, "config", "show", RUNNEL_MEMORY="1GB")["memory"] == {"value": "1GB", "origin": "environment"}
    assert "cache_bytes" in answer(folder, "gc")


def test_a_secret_is_set_from_standard_input_and_never_shown(folder):
    done = call(folder, "secrets", "set", "warehouse", stdin="hunter2\n")
    shown = call(folder, "secrets", "list", "--json").stdout
    assert done.returncode == 0 and b"warehouse" in shown
    assert b"hunter2" not in shown + done.stdout + done.stderr
    assert all(b"hunter2" not in file.read_bytes() for file in (folder / ".runnel").rglob("*") if file.is_file())
    assert call(folder, "secrets", "delete", "warehouse").returncode == 0
    assert call(folder, "secrets", "delete", "warehouse").returncode == 3


@pytest.mark.row("M-004-65", met_by="app/redirecting.py", deviation="files are named by a path or come in by standard input; uploads come with the server")
def test_rows_come_in_by_standard_input_and_go_out_by_standard_output(folder):
    done = call(folder, "run", "orders.runnel.yaml", "-i", "orders=-", "-o", "saved=-", stdin=ORDERS.replace("x", "1"))
    assert done.returncode == 0, done.stderr.decode()
    assert b"country,revenue\n" in done.stdout.replace(b"\r\n", b"\n")
    assert done.stdout.startswith(b"country"), "results alone stand on standard output"
    assert not (folder / "out").exists()


def test_exit_codes_tell_usage_invalid_missing_and_limits_apart(folder):
    assert call(folder, "rnu").returncode == 2
    assert b"run" in call(folder, "rnu").stderr
    assert call(folder, "run").returncode == 2
    assert call(folder, "run", "orders.runnel.yaml", "--nope").returncode == 2
    assert call(folder, "run", "missing.runnel.yaml").returncode == 3
    (folder / "strict.runnel.yaml").write_text(PIPELINE + "settings: {dead_letters: {max_count: 0}}\n")
    made = answer(folder, "run", "strict.runnel.yaml", code=6)
    assert made["status"] == "failed" and made["error"]["code"] == "RNL-LIMIT-020"
    (folder / "failing.runnel.yaml").write_text(PIPELINE.replace("{price: DOUBLE}", "{price: DOUBLE}, on_error: fail"))
    made = answer(folder, "run", "failing.runnel.yaml", code=1)
    assert made["status"] == "failed" and "x" in made["error"]["what"]


def test_quiet_and_json_logs_keep_results_on_standard_output(folder):
    done = call(folder, "--quiet", "run", "orders.runnel.yaml")
    assert done.returncode == 0 and b"dead letters" in done.stderr
    done = call(folder, "--log-format", "json", "run", "orders.runnel.yaml")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert lines and all({"level", "message"} <= set(line) for line in lines)
    done = call(folder, "--log-format", "json", "run", "missing.runnel.yaml")
    assert json.loads(done.stderr.splitlines()[-1])["code"]


def test_nothing_is_coloured_in_a_pipe(folder):
    done = call(folder, "run", "orders.runnel.yaml", NO_COLOR="1")
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"\x1b" not in call(folder, "validate", "orders.runnel.yaml").stderr


def test_a_closed_pipe_ends_quietly(folder):
    command = f"{' '.join(RUNNEL)} functions list | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0 and b"Traceback" not in done.stderr and b"BrokenPipe" not in done.stderr


BAD = {
    "tabs": "runnel: 1\nname: x\nnodes:\n\ta:\n\t\tkind: source.rows\n",
    "duplicate keys": "runnel: 1\nname: x\nnodes:\n  a: {kind: source.rows}\n  a: {kind: source.rows}\n",
    "anchor bomb": "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)),
    "a list": "- 1\n- 2\n",
    "nothing": "",
    "bytes": "\x00\x01\x02",
    "a scalar where nodes are expected": "runnel: 1\nname: x\nnodes: 5\n",
    "a deep nest": "runnel: 1\nname: x\nnodes: " + "[" * 3000 + "]" * 3000 + "\n",
    "a future version": "runnel: 99\nname: x\nnodes: {}\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_document_is_a_finding_with_a_place_never_a_traceback(folder, name):
    (folder / "bad.runnel.yaml").write_text(BAD[name])
    done = call(folder, "validate", "bad.runnel.yaml", "--json")
    assert done.returncode == 3, done.stderr.decode()
    text = done.stdout or done.stderr
    assert b"RNL-" in text
    assert call(folder, "run", "bad.runnel.yaml").returncode == 3


SLOW = """\
runnel: 1
name: slow
nodes:
  made: {kind: source.generate, config: {rows: 300000000, columns: {n: sequence}}}
  sums: {kind: table.aggregate, from: made, config: {values: {n: "count(distinct md5(cast(n as VARCHAR)))"}}}
"""


@pytest.fixture
def slow(folder):
    process = started(folder)
    yield process
    process.kill()
    process.wait()


def started(folder: Path) -> subprocess.Popen[bytes]:
    """A run whose first task has begun."""
    (folder / "slow.runnel.yaml").write_text(SLOW)
    process = subprocess.Popen([*RUNNEL, "run", "slow.runnel.yaml", "--json"], cwd=folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)  # fmt: skip
    until = time.monotonic() + 60
    while not list((folder / ".runnel/runs").glob("*/log.ndjson")):
        assert time.monotonic() < until and process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process


def test_an_interrupted_run_ends_with_130_and_is_recorded_as_cancelled(folder, slow):
    process = slow
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors.decode()
    assert b"Traceback" not in errors
    assert time.monotonic() - begun < 10
    run = answer(folder, "runs", "list")["runs"][0]
    assert (run["status"], run["finished_at"] is not None) == ("cancelled", True)


def test_a_run_is_cancelled_from_another_process(folder, slow):
    process = slow
    run_id = answer(folder, "runs", "list")["runs"][0]["run_id"]
    assert answer(folder, "runs", "cancel", run_id)["cancelling"] is True
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors.decode()
    assert answer(folder, "runs", "show", run_id)["status"] == "cancelled"
