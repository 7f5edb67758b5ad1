"""Runs: reuse of results, thresholds, error policies, limits, concurrency, versions, muting, tests, the Python API."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import runnel as rn
from building import document, edge_rows, entry, fresh_folder, fresh_project, node, rows, run_nodes
from runnel.app import pipelines
from runnel.app.pipeline_tests import run_tests
from runnel.app.project import Project
from runnel.app.runs import RunOptions, RunReport, run
from runnel.errors import AuthoringError, LimitError

TYPES = {"id": "BIGINT", "v": "BIGINT", "t": "VARCHAR"}
GIVEN = [{"id": n, "v": None if n == 3 else n % 4, "t": "x" if n in (2, 5) else str(n)} for n in range(1, 9)]


@pytest.fixture
def project():
    with fresh_project() as made:
        yield made


def cast(**config: Any) -> dict[str, Any]:
    return {"rows": rows(*GIVEN, **TYPES), "typed": node("table.cast", "rows", columns={"t": "BIGINT"}, **config)}


def cached(report: RunReport) -> dict[str, bool]:
    return {item["id"]: item["cached"] for item in report.to_json()["nodes"]}


def on_file(project: Project) -> dict[str, Any]:
    (project.root / "in.csv").write_text("id,v\n1,2\n2,3\n")
    return {
        "file": node("source.file", path="in.csv"), "kept": node("table.filter", "file", where="v > 1"),
        "more": node("table.derive", "kept", columns={"w": "v + 1"}), "sums": node("table.aggregate", "more", values={"n": "sum(w)"}),
        "kept_too": node("table.sort", "kept", by=["id"]),
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- the cache
def test_nothing_above_the_nearest_kept_result_runs_again(project):
    nodes = on_file(project)
    assert not any(cached(run_nodes(project, nodes, cache=True)).values())
    assert all(cached(run_nodes(project, nodes, cache=True)).values())
    changed = {**nodes, "sums": node("table.aggregate", "more", values={"n": "max(w)"})}
    report = run_nodes(project, changed, cache=True)
    assert cached(report)["kept"] and cached(report)["kept_too"] and not cached(report)["sums"]
    assert report.ledger.balanced and edge_rows(report)["file.output → kept.input"] == 2


def test_a_touched_file_is_reused_and_a_changed_one_is_read_again(project):
    nodes = on_file(project)
    run_nodes(project, nodes, cache=True)
    file = project.root / "in.csv"
    os.utime(file, ns=(1, 1))
    assert all(cached(run_nodes(project, nodes, cache=True)).values())
    file.write_text("id,v\n1,2\n2,3\n3,4\n")
    report = run_nodes(project, nodes, cache=True)
    assert not any(cached(report).values())
    assert edge_rows(report)["file.output → kept.input"] == 3


def test_no_cache_computes_everything_anew(project):
    nodes = on_file(project)
    run_nodes(project, nodes, cache=True)
    assert not any(cached(run_nodes(project, nodes, cache=False)).values())


def test_only_what_a_target_needs_runs(project):
    report = run_nodes(project, on_file(project), to="kept_too")
    assert [item["id"] for item in report.to_json()["nodes"]] == ["file", "kept", "kept_too"]
    assert report.status == "success"


@pytest.mark.parametrize("port", ["kept.rest", "kept", "file"])
def test_any_port_can_be_a_target(project, port):
    assert run_nodes(project, on_file(project), to=port).status == "success"


@pytest.mark.row("M-003-214", met_by="runtime/batch.py")
def test_a_dry_run_writes_nothing(project):
    nodes = {**cast(), "file": node("sink.file", "typed", path="out.csv"), "set": node("sink.dataset", "typed", name="kept")}
    report = run_nodes(project, nodes, dry_run=True)
    assert report.status == "warning" and report.result.outputs == []
    assert not (project.root / "out.csv").exists() and project.store.datasets.list() == []


@pytest.mark.row("M-003-141", met_by="app/runs.py")
@pytest.mark.row(
    "M-003-236", met_by="app/runs.py", deviation="the seconds are those that the sample took; they are not projected onto all rows"
)  # fmt: skip
def test_a_dry_run_of_a_sample_shows_rows_seconds_and_problems_of_every_node_and_writes_nothing(project):
    nodes = {**cast(), "pairs": node("table.join", {"left": "typed", "right": "rows"}, how="cross"),
             "file": node("sink.file", "pairs", path="out.csv")}  # fmt: skip
    report = run_nodes(project, nodes, dry_run=True, sample=3)
    shown = {item["id"]: item for item in report.to_json()["nodes"]}
    assert {id: (item["rows_in"], item["rows_out"]) for id, item in shown.items() if id != "file"} == {
        "rows": (0, 3), "typed": (3, 2), "pairs": (5, 6)
    }  # fmt: skip
    assert all(shown[id]["seconds"] > 0 for id in ("rows", "typed", "pairs"))
    assert report.result.letters == {"typed": 1} and "RNL-HINT-001" in [found["code"] for found in report.to_json()["findings"]]
    assert not (project.root / "out.csv").exists()


def test_a_sample_reads_the_first_rows_of_every_source_and_leaves_the_cache_alone(project):
    nodes = cast()
    report = run_nodes(project, nodes, sample=3, cache=True)
    assert entry(report, "rows")["out"] == 3
    assert entry(run_nodes(project, nodes, cache=True), "rows")["out"] == 8


# ------------------------------------------------------------------------------------------------- errors and limits
@pytest.mark.row("M-003-202", "M-003-218", "M-003-219", met_by="runtime/letters.py")
def test_bad_rows_become_dead_letters_and_the_run_ends_with_a_warning(project):
    report = run_nodes(project, cast())
    assert (report.status, report.result.letters) == ("warning", {"typed": 2})
    shown = project.store.letters.show(report.run_id, "typed")
    assert [letter["row"]["id"] for letter in shown] == [2, 5]
    assert all("no BIGINT" in letter["reason"] for letter in shown)


@pytest.mark.parametrize(("allowed", "status"), [(0, "failed"), (1, "failed"), (2, "warning")])
def test_more_dead_letters_than_allowed_stop_the_run(project, allowed, status):
    report = run_nodes(project, cast(), settings={"dead_letters": {"max_count": allowed}})
    assert report.status == status
    if status == "failed":
        assert isinstance(report.result.error, LimitError) and report.result.error.where["node"] == "typed"


def test_kept_results_with_too_many_dead_letters_stop_the_run_too(project):
    assert run_nodes(project, cast(), cache=True).status == "warning"
    report = run_nodes(project, cast(), cache=True, settings={"dead_letters": {"max_count": 0}})
    assert report.status == "failed" and isinstance(report.result.error, LimitError)


@pytest.mark.parametrize(("share", "status"), [(0.2, "failed"), (0.25, "warning")])
def test_too_large_a_share_of_dead_letters_stops_the_run(project, share, status):
    nodes = {**cast(), "sink": node("sink.file", "typed", path="out.csv")}
    report = run_nodes(project, nodes, settings={"dead_letters": {"max_share": share}})
    assert report.status == status
    assert (project.root / "out.csv").exists() == (status == "warning")


def test_on_error_null_keeps_the_row_and_fail_stops_the_run(project):
    kept = run_nodes(project, cast(on_error="null"))
    assert (kept.status, entry(kept, "typed")["out"], kept.result.letters) == ("success", 8, {})
    failed = run_nodes(project, cast(on_error="fail"))
    assert failed.status == "failed" and "x" in failed.result.error.what


HEAVY = {
    "made": node("source.generate", rows=300_000_000, columns={"n": "sequence"}),
    "sums": node("table.aggregate", "made", values={"n": "count(distinct md5(cast(n as VARCHAR)))"}),
}


def test_a_run_over_its_time_ends_with_the_cause_timeout(project):
    report = run_nodes(project, HEAVY, settings={"timeout_seconds": 1})
    assert (report.status, report.result.cause, report.result.error.exit_code) == ("failed", "timeout", 6)
    assert project.store.runs.get(report.run_id).cause == "timeout"


def test_a_run_over_its_memory_ends_with_a_limit_that_says_what_to_do(project):
    nodes = {"made": node("source.generate", rows=20_000_000, columns={"n": "sequence"}),
             "list": node("table.aggregate", "made", values={"all": "list(n)"})}  # fmt: skip
    report = run_nodes(project, nodes, settings={"memory": "200MB"})
    assert isinstance(report.result.error, LimitError), report.result.error
    assert "memory" in report.result.error.hint


class Watch(threading.Event):
    """Looks at the stored statuses whenever the run asks whether it shall stop; never asks it to."""

    def __init__(self, project: Project) -> None:
        super().__init__()
        self.project = project
        self.seen: set[tuple[str, str]] = set()

    def is_set(self) -> bool:
        for stored in self.project.store.runs.list():
            tasks = self.project.store.runs.tasks(stored.id)
            self.seen.add((stored.status, tasks[-1]["status"] if tasks else ""))
        return False


@pytest.mark.row(
    "M-003-201", "M-002-29", "M-002-30", met_by="app/runs.py",
    deviation="a node is pending until its turn; a run starts at once, a queue of pending runs comes with schedules",
)  # fmt: skip
def test_runs_and_tasks_are_pending_running_and_then_a_success_or_failed(project):
    watch = Watch(project)
    good = run(project, document(project, cast(on_error="null")), RunOptions(use_cache=False), cancel=watch)
    assert ("running", "running") in watch.seen and good.status == "success"
    nodes = {**cast(on_error="fail"), "twice": node("table.union", ["typed", "typed"]), "other": node("table.sort", "typed", by=["id"])}
    failed = run_nodes(project, nodes)
    assert {item["id"]: item["status"] for item in failed.to_json()["nodes"]} == {
        "rows": "cancelled", "typed": "failed", "twice": "pending", "other": "pending"
    }  # fmt: skip
    stored = [project.store.runs.get(report.run_id) for report in (good, failed)]
    assert [item.status for item in stored] == ["success", "failed"]
    assert all(item.finished_at is not None and item.finished_at >= item.started_at for item in stored)


@pytest.mark.row("M-003-203", met_by="app/runs.py")
def test_a_sink_ends_well_with_its_run_whether_its_rows_are_kept_or_written_at_once(project):
    alone = {"given": rows(*GIVEN, **TYPES), "saved": node("sink.file", "given", path="alone.csv")}
    read_too = {**alone, "kept": node("table.filter", "given", where="id > 3")}
    for nodes in (alone, read_too):
        report = run_nodes(project, nodes)
        assert {item["id"]: item["status"] for item in report.to_json()["nodes"]} == dict.fromkeys(nodes, "success")


def test_a_cancelled_run_is_recorded_as_cancelled(project):
    cancel = threading.Event()
    timer = threading.Timer(0.3, cancel.set)
    timer.start()
    report = run(project, document(project, HEAVY), RunOptions(use_cache=False), cancel=cancel)
    assert (report.status, project.store.runs.get(report.run_id).status) == ("cancelled", "cancelled")


def test_the_log_of_a_run_says_which_segment_failed(project):
    report = run_nodes(project, cast(on_error="fail"))
    lines = project.store.runs.logs(report.run_id)
    assert any(line["level"] == "error" and "RNL-" in line["message"] for line in lines)
    tasks = project.store.runs.tasks(report.run_id)
    assert [task["status"] for task in tasks] == ["failed"]


# ------------------------------------------------------------------------------------- versions, parameters, concurrency
def test_a_run_names_a_version_that_keeps_its_text(project):
    first = run_nodes(project, cast())
    run_nodes(project, cast(on_error="null"))
    stored = project.store.runs.get(first.run_id)
    assert "on_error" not in project.store.versions.get(stored.version)
    assert first.to_json()["version"] == stored.version
    assert len({run.version for run in project.store.runs.list()}) == 2


def test_a_parameter_is_a_typed_literal_and_never_pasted_text(project):
    nodes = {"rows": rows(*GIVEN, **TYPES), "kept": node("table.filter", "rows", where="t = ${params.wanted}")}
    params = {"wanted": {"type": "string", "default": "1"}}
    made = document(project, nodes, params=params)
    for value, count in (("1", 1), ("x", 2), ("' or 1=1 --", 0)):
        report = run(project, made, RunOptions({"wanted": value}, use_cache=True))
        assert entry(report, "kept")["out"] == count


@pytest.mark.row("M-003-216", met_by="app/workers.py", deviation="runs, and the work inside of a segment, go side by side; the segments of one run follow each other")
def test_two_runs_at_once_in_one_folder_do_not_disturb_each_other(project):
    made = {**cast(), "sink": node("sink.file", "typed", path="out.csv"), "set": node("sink.dataset", "typed", name="all", mode="append")}
    file = project.root / "tested.runnel.yaml"
    file.write_text(document(project, made).text or "")
    (project.root / ".runnel").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "runnel.cli.main", "run", str(file), "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for process in both:
        answer, errors = process.communicate(timeout=120)
        assert process.returncode == 0, (answer + errors).decode()
    assert len((project.root / "out.csv").read_text().splitlines()) == 7
    shown = project.store.datasets.show("all")
    assert sorted(version["rows"] for version in shown["versions"]) == [6, 6]


# ------------------------------------------------------------------------------------------- muting, pinning, nesting
def test_pinned_data_is_ignored_by_a_run_with_a_finding(project):
    nodes = cast()
    nodes["typed"]["pinned"] = [{"id": 99}]
    report = run_nodes(project, nodes)
    assert entry(report, "typed")["out"] == 6
    assert "RNL-PIN-001" in [finding["code"] for finding in report.to_json()["findings"]]


INNER = """\
runnel: 1
name: inner
params: {least: {type: integer, default: 0}}
inputs: {data: {columns: {id: BIGINT, v: BIGINT, t: VARCHAR}}}
outputs: {clean: kept.output}
nodes:
  kept: {kind: table.filter, from: data, config: {where: "v > ${params.least}"}}
"""


def test_a_sub_pipeline_runs_as_its_inner_nodes(project):
    (project.root / "inner.runnel.yaml").write_text(INNER)
    nodes = {"rows": rows(*GIVEN, **TYPES), "sub": node("pipeline.run", {"data": "rows"}, file="inner.runnel.yaml", params={"least": 1}),
             "sums": node("table.aggregate", "sub", values={"n": "count(*)"})}  # fmt: skip
    report = run_nodes(project, nodes)
    assert report.result.error is None
    assert report.ledger.balanced
    assert entry(report, "sub/kept")["out"] == 3
    assert "sub" not in [item["node"] for item in report.ledger.to_json()["nodes"]]


# ------------------------------------------------------------------------------------------------------ tests in files
@pytest.mark.row("M-003-235", met_by="app/pipeline_tests.py", deviation="by tests in the file and previews; the button comes with the editor")
def test_one_node_is_tested_alone_on_rows_that_stand_in_for_what_is_before_it(project):
    nodes = {
        "gone": node("source.file", path="not_there.csv", columns={"id": "BIGINT", "v": "BIGINT"}),
        "kept": node("table.filter", "gone", where="v > 1"), "broken": node("table.filter", "kept", where="nope > 1"),
    }  # fmt: skip
    given = {"gone": [{"id": 1, "v": 1}, {"id": 2, "v": 5}]}
    alone = {name: nodes[name] for name in ("gone", "kept")}
    tests = [{"name": "kept", "given": given, "expect": {"kept": [{"id": 2}], "kept.rest": [{"id": 1}]}}]
    assert [result.passed for result in run_tests(project, document(project, alone, tests=tests))] == [True]
    tests[0]["expect"] = {"kept": [{"id": 1}]}
    result = run_tests(project, document(project, alone, tests=tests))[0]
    assert not result.passed and "kept" in (result.difference or "")
    found = pipelines.findings_of(project, document(project, {**nodes, "gone": rows(*given["gone"])}))
    assert [item.where.node for item in found if item.severity == "error"] == ["broken"]


def test_tests_in_a_file_give_rows_to_nodes_and_compare_without_order(project):
    made = document(project, {**cast(), "kept": node("table.filter", "typed", where="v > 1")}, tests=[
        {"name": "right", "given": {"rows": [{"id": 1, "v": 2, "t": "7"}, {"id": 2, "v": 3, "t": "8"}]},
         "expect": {"kept": [{"id": 2, "t": 8}, {"id": 1, "t": 7}]}},
        {"name": "missing columns are NULL", "given": {"rows": [{"id": 1}]}, "expect": {"kept": [], "typed": [{"id": 1, "v": None}]}},
        {"name": "rejected rows too", "given": {"rows": [{"id": 1, "v": 1, "t": "x"}]}, "expect": {"typed.rejected": [{"id": 1}]}},
        {"name": "wrong", "given": {"rows": [{"id": 1, "v": 2, "t": "7"}]}, "expect": {"kept": [{"id": 2}]}},
        {"name": "no such node", "given": {"nothing": []}, "expect": {"kept": []}},
    ])  # fmt: skip
    results = run_tests(project, made)
    assert [result.passed for result in results] == [True, True, True, False, False]
    assert "expected a row" in (results[3].difference or "")


# ------------------------------------------------------------------------------------------------------ the Python API
@pytest.fixture
def pipeline():
    with fresh_folder() as folder:
        made = rn.Pipeline("orders", folder=folder)
        source = made.add("source.rows", "orders", rows=GIVEN, columns=TYPES)
        typed = made.add("table.cast", "typed", from_=source, columns={"t": "BIGINT"})
        kept = made.add("table.filter", "kept", from_=typed, where="v > 1")
        made.add("table.sort", "bad", from_=typed.port("rejected"), by=["id"])
        made.add("table.aggregate", "sums", from_=kept, group_by=["v"], values={"n": "count(*)"})
        yield made


def test_a_pipeline_from_python_and_its_file_are_the_same(pipeline):
    path = Path(pipeline.folder) / "orders.runnel.yaml"
    pipeline.save(path)
    again = rn.load(path)
    assert again.to_yaml() == pipeline.to_yaml()
    assert again.document.nodes["kept"].config == pipeline.document.nodes["kept"].config
    assert [found.code for found in again.validate()] == [found.code for found in pipeline.validate()]
    assert again.schema("sums") == pipeline.schema("sums") == {"v": "BIGINT", "n": "BIGINT"}


def test_tables_of_kept_and_of_computed_ports_are_arrow_tables(pipeline):
    result = pipeline.run()
    assert (result.status, result.ledger.balanced) == ("success", True)
    assert sorted(result.table("sums").to_pylist(), key=lambda row: row["v"]) == [{"v": 2, "n": 1}, {"v": 3, "n": 1}]
    assert result.table("typed.rejected").column("id").to_pylist() == [2, 5]
    assert result.table("kept.rest").num_rows == 4
    assert result.table("orders").num_rows == 8


def test_tables_of_a_sampled_run_can_be_read(pipeline):
    result = pipeline.run(sample=4, cache=False)
    assert result.status == "success"
    assert result.table("sums").num_rows == 0


def test_a_pipeline_shows_itself_in_a_notebook(pipeline):
    html = pipeline._repr_html_()
    assert "orders" in html and "<svg" in html
    shown = pipeline.preview("kept", limit=1)
    assert "<table" in shown._repr_html_() and shown.total_rows == 2 and not shown.complete


def test_an_invalid_pipeline_raises_before_anything_runs(pipeline):
    pipeline.add("table.filter", "wrong", from_="kept", where="nope > 1")
    assert any(finding.severity == "error" for finding in pipeline.validate())
    with pytest.raises(AuthoringError):
        pipeline.run()


@pytest.mark.row("M-003-214", met_by="app/previews.py")
def test_a_preview_leaves_no_run(project):
    from runnel.app.previews import preview

    made = pipelines.runnable(project, document(project, cast()))
    assert preview(project, made, ("typed", "output"), 3)["complete"] is False
    assert project.store.runs.list() == []
    assert [file for folder in project.scratch.iterdir() for file in folder.iterdir()] == []


def test_a_killed_worker_fails_the_run_with_its_cause_and_the_log_stays(project):
    import psutil

    def kill_worker() -> None:
        for _ in range(400):
            zygote = project.workers.zygote.pid
            busy = psutil.Process(zygote).children() if zygote else []
            logs = list((project.home / "runs").glob("*/log.ndjson"))
            if busy and logs:
                busy[-1].kill()
                return
            done.wait(0.05)

    done = threading.Event()
    killer = threading.Thread(target=kill_worker)
    killer.start()
    report = run_nodes(project, HEAVY)
    done.set()
    killer.join()
    assert (report.status, report.result.cause) == ("failed", "signal"), report.result.error
    assert "SIGKILL" in report.result.error.what
    messages = [line["message"] for line in project.store.runs.logs(report.run_id)]
    assert any("started" in message for message in messages) and any("RNL-" in message for message in messages)
    assert run_nodes(project, cast()).status == "warning"


def test_a_key_twice_in_an_upsert_is_found_before_any_sink_is_committed(project):
    nodes = {"rows": rows(*GIVEN, **TYPES), "file": node("sink.file", "rows", path="out.csv"),
             "set": node("sink.dataset", "rows", name="set", mode="upsert", key=["v"])}  # fmt: skip
    report = run_nodes(project, nodes)
    assert report.status == "failed" and report.result.error.code == "RNL-DATASET-004"
    assert not (project.root / "out.csv").exists() and project.store.datasets.list() == []


def test_the_node_that_failed_is_named_with_the_value_and_the_others_of_its_segment_are_not_blamed(project):
    wrong = [{"product": text} for text in ("1", "2", "product-35")]
    report = run_nodes(project, {
        "given": rows(*wrong), "typed": node("table.cast", "given", columns={"product": "BIGINT"}, on_error="fail"),
        "twice": node("table.derive", "typed", columns={"double": "product * 2"}), "saved": node("sink.file", "twice", path="out.csv"),
    })  # fmt: skip
    assert report.status == "failed" and report.result.error.where["node"] == "typed"
    assert report.result.error.what == "the value 'product-35' of column `product` is no BIGINT" and report.result.error.hint
    statuses = {item["id"]: item["status"] for item in report.to_json()["nodes"]}
    assert statuses == {"given": "cancelled", "typed": "failed", "twice": "cancelled", "saved": "cancelled"}
