"""`runnel gc`: exactly what the policy says goes, and nothing that a live run, a pipeline or a kept row needs."""

from __future__ import annotations

import json
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from building import document, fresh_project, node, rows, run_nodes
from runnel.app.project import Project
from runnel.app.retention import collect
from runnel.app.runs import RunOptions, run
from runnel.store.ownership import myself
from runnel.store.tables import runs

GIVEN = [{"id": n, "t": "x" if n == 2 else str(n)} for n in range(1, 5)]
TYPES = {"id": "BIGINT", "t": "VARCHAR"}
LATER = timedelta(days=200)


@pytest.fixture
def project():
    with fresh_project() as made:
        yield made


def later(**time_: float) -> datetime:
    return datetime.now(UTC) + (timedelta(**time_) if time_ else LATER)


def letters(name: str = "tested", **settings: Any) -> dict[str, Any]:
    return {"rows": rows(*GIVEN, **TYPES), "typed": node("table.cast", "rows", columns={"t": "BIGINT"})}


def entries(project: Project, folder: str) -> list[str]:
    place = project.home / folder
    return sorted(item.name for item in place.iterdir()) if place.exists() else []


def objects_of(project: Project) -> list[str]:
    return sorted(item.key for item in project.store.objects.list())


def running(project: Project, ago: timedelta = timedelta()) -> str:
    """A run that has not ended, as its row shows it to others."""
    made = project.store.runs.start("live", "v", {})
    with project.store.engine.begin() as connection:
        values = {"started_at": datetime.now(UTC) - ago, "owner": myself()}
        connection.execute(runs.update().where(runs.c.id == made.id).values(**values))
    return made.id


# --------------------------------------------------------------------------------------------------------------- runs
def test_nothing_that_is_young_goes(project):
    report = run_nodes(project, {**letters(), "out": node("sink.dataset", "typed", name="set")}, cache=True)
    before = entries(project, "cache"), entries(project, "runs"), objects_of(project)
    freed = collect(project)
    assert {key: value for key, value in freed.items() if value} == {}
    assert (entries(project, "cache"), entries(project, "runs"), objects_of(project)) == before
    assert project.store.runs.get(report.run_id).status == "warning"


def test_an_old_run_goes_with_its_letters_objects_logs_and_ledger_and_a_younger_one_stays(project):
    old, young = run_nodes(project, letters()), run_nodes(project, letters())
    with project.store.engine.begin() as connection:
        past = datetime.now(UTC) - timedelta(days=91)
        connection.execute(runs.update().where(runs.c.id == old.run_id).values(started_at=past, finished_at=past))
    assert collect(project)["removed_runs"] == [old.run_id]
    assert [item.id for item in project.store.runs.list()] == [young.run_id]
    assert [item["run_id"] for item in project.store.letters.list()] == [young.run_id]
    assert objects_of(project) == [f"letters/{young.run_id}.ndjson"]
    assert entries(project, "runs") == [young.run_id]
    assert project.store.runs.tasks(old.run_id) == [] and len(project.store.letters.show(young.run_id)) == 1
    assert project.store.versions.get(young.version) == project.store.versions.get(old.version)


def test_a_run_is_as_old_as_its_end(project):
    report = run_nodes(project, letters())
    with project.store.engine.begin() as connection:
        past = datetime.now(UTC) - timedelta(days=400)
        connection.execute(runs.update().where(runs.c.id == report.run_id).values(started_at=past))
    assert collect(project)["removed_runs"] == []


def test_a_live_run_stays_however_old_it_is(project):
    live = running(project, timedelta(days=300))
    staging = project.store.runs.folder(live) / "staging"
    staging.mkdir(parents=True)
    assert collect(project)["removed_runs"] == [] and staging.exists()
    assert project.store.runs.get(live).status == "running"


def test_a_run_that_died_is_ended_and_its_staging_goes(project):
    dead = running(project)
    with project.store.engine.begin() as connection:
        connection.execute(runs.update().where(runs.c.id == dead).values(owner={**myself(), "pid": 2**22 + 1}))
    (project.store.runs.folder(dead) / "staging").mkdir(parents=True)
    assert collect(project)["recovered_runs"] == [dead]
    assert not (project.store.runs.folder(dead) / "staging").exists()


def test_a_folder_without_a_run_goes_with_time(project):
    (project.home / "runs" / "nobody").mkdir(parents=True)
    (project.home / "runs" / "nobody" / "log.ndjson").write_text("x" * 100)
    assert collect(project)["log_bytes"] == 0
    assert collect(project, later(hours=3))["log_bytes"] == 100 and entries(project, "runs") == []


def test_logs_beyond_their_budget_go_oldest_first_and_the_runs_stay(project):
    made = [run_nodes(project, letters()).run_id for _ in range(3)]
    live = running(project)
    for id in (*made, live):
        folder = project.store.runs.folder(id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log.ndjson").write_text("x" * 10_000)
    with Budget(project, log_bytes=25_000):
        assert collect(project)["log_bytes"] >= 10_000
    left = entries(project, "runs")
    assert made[0] not in left and made[2] in left and live in left
    assert len(project.store.runs.list()) == 4 and project.store.runs.logs(made[0]) == []


class Budget:
    """A setting for the length of a test."""

    def __init__(self, project: Project, **values: Any) -> None:
        self.project, self.values = project, values

    def __enter__(self) -> None:
        from dataclasses import replace

        self.before = dict(self.project.settings)
        for name, value in self.values.items():
            self.project.settings[name] = replace(self.project.settings[name], value=value)

    def __exit__(self, *_: object) -> None:
        self.project.settings.update(self.before)


# ------------------------------------------------------------------------------------------------------- dead letters
def test_letters_beyond_a_pipelines_budget_go_oldest_first_and_their_counts_stay(project):
    first, second = run_nodes(project, letters()), run_nodes(project, letters())
    other = run_nodes(project, letters(), name="other")
    size = project.store.letters.list(run_id=second.run_id)[0]["bytes"]
    with Budget(project, letter_bytes=size + 10):
        assert collect(project)["letter_bytes"] == size
        assert collect(project)["letter_bytes"] == 0
    listed = {item["run_id"]: item for item in project.store.letters.list()}
    assert (listed[first.run_id]["count"], listed[first.run_id]["stored"], listed[first.run_id]["open"]) == (1, 0, 1)
    assert project.store.letters.show(first.run_id) == []
    assert len(project.store.letters.show(second.run_id)) == len(project.store.letters.show(other.run_id)) == 1
    assert objects_of(project) == sorted(f"letters/{id}.ndjson" for id in (second.run_id, other.run_id))


def test_an_object_that_no_row_names_goes_when_nobody_can_be_writing_its_row(project):
    report = run_nodes(project, letters())
    project.store.objects.put("letters/lost.ndjson", b"x" * 50)
    assert collect(project)["object_bytes"] == 0
    assert collect(project, later(hours=3))["object_bytes"] == 50
    assert objects_of(project) == [f"letters/{report.run_id}.ndjson"]


def test_letters_that_are_damaged_are_an_error_and_never_wrong(project):
    from runnel.errors import ConnectorError

    report = run_nodes(project, letters())
    path = project.home / "objects" / "letters" / f"{report.run_id}.ndjson"
    path.write_bytes(path.read_bytes().replace(b'"2"', b'"3"').replace(b"'x'", b"'y'"))
    with pytest.raises(ConnectorError, match="damaged"):
        project.store.letters.show(report.run_id)


def test_letters_of_an_older_state_folder_are_still_read_and_removed(project):
    report = run_nodes(project, letters())
    old = project.home / "letters" / report.run_id / "letters.ndjson"
    old.parent.mkdir(parents=True)
    (project.home / "objects" / "letters" / f"{report.run_id}.ndjson").rename(old)
    from runnel.store.tables import files

    with project.store.engine.begin() as connection:
        connection.execute(files.delete())
    assert len(project.store.letters.show(report.run_id)) == 1
    collect(project, later())
    assert not old.exists()


# -------------------------------------------------------------------------------------------------------------- cache
def cached_nodes(number: int) -> dict[str, Any]:
    made = node("source.generate", rows=2000, columns={"n": "sequence", "u": "uuid"}, seed=number)
    return {"made": made, "sums": node("table.derive", "made", columns={"m": "n + 1"})}


def test_results_beyond_the_budget_go_least_recently_used_first(project):
    for number in range(3):
        run_nodes(project, cached_nodes(number), cache=True)
        age_cache(project, 7200)
    run_nodes(project, cached_nodes(0), cache=True)
    before = entries(project, "cache")
    size = sum(item.stat().st_size for item in (project.home / "cache").rglob("*") if item.is_file())
    with Budget(project, cache_bytes=size // 2):
        assert collect(project)["cache_bytes"] > 0
    left = entries(project, "cache")
    assert 0 < len(left) < len(before)
    report = run_nodes(project, cached_nodes(0), cache=True)
    assert all(item["cached"] for item in report.to_json()["nodes"])


def age_cache(project: Project, seconds: float) -> None:
    for file in (project.home / "cache").rglob("*"):
        if file.is_file():
            at = file.stat().st_mtime - seconds
            os.utime(file, (at, at))


def test_results_that_a_live_run_may_use_stay_though_the_budget_is_nothing(project):
    run_nodes(project, cached_nodes(1), cache=True)
    age_cache(project, 5 * 3600)
    live = running(project, timedelta(hours=6))
    with Budget(project, cache_bytes=0):
        assert collect(project)["cache_bytes"] == 0
        project.store.runs.finish(live, "success", None, {}, None, [])
        assert collect(project)["cache_bytes"] > 0
    assert entries(project, "cache") == []


def test_results_that_were_not_used_for_long_go(project):
    run_nodes(project, cached_nodes(1), cache=True)
    assert collect(project, later(days=29))["cache_bytes"] == 0
    assert collect(project, later(days=31))["cache_bytes"] > 0 and entries(project, "cache") == []


def test_what_two_runs_kept_at_once_is_kept_once(project):
    run_nodes(project, cached_nodes(1), cache=True)
    entry = project.home / "cache" / entries(project, "cache")[0]
    (entry / "other.parquet").write_bytes(b"x" * 70)
    assert collect(project)["cache_bytes"] == 0
    age_cache(project, 7200)
    assert collect(project)["cache_bytes"] == 70
    assert all(item["cached"] for item in run_nodes(project, cached_nodes(1), cache=True).to_json()["nodes"])


def test_a_result_that_was_cut_is_computed_anew(project):
    first = run_nodes(project, cached_nodes(1), cache=True)
    data = next((project.home / "cache").rglob("*.parquet"))
    data.write_bytes(data.read_bytes()[:-5])
    second = run_nodes(project, cached_nodes(1), cache=True)
    assert first.status == second.status == "success"
    assert not all(item["cached"] for item in second.to_json()["nodes"])


def test_results_of_an_older_state_folder_are_not_used_and_go_with_time(project):
    old = project.home / "cache" / "0123"
    old.mkdir(parents=True)
    (old / "data.parquet").write_bytes(b"x")
    (old / "meta.json").write_text(json.dumps({"types": {}, "counts": [], "letters": {}}))
    assert project.cache.find("0123") is None
    collect(project, later())
    assert not old.exists()


def test_scratch_of_a_live_run_stays_and_other_old_scratch_goes(project):
    mine = project.scratch / "records"
    mine.mkdir()
    (mine / "a.csv").write_text("x" * 10)
    for path in (mine / "a.csv", mine):
        os.utime(path, (time.time() - 3 * 3600,) * 2)
    live = running(project, timedelta(hours=2.5))
    assert collect(project)["scratch_bytes"] == 0
    project.store.runs.finish(live, "success", None, {}, None, [])
    assert collect(project)["scratch_bytes"] == 10 and not mine.exists()


def test_what_a_killed_deletion_of_a_stream_left_goes(project):
    for name in ("streams/.deleted-1", "logs/.deleted-2", "streams/kept", "logs/kept"):
        (project.home / name).mkdir(parents=True)
        (project.home / name / "part").write_text("x")
    (project.home / "streams" / ".deleted-3.log").write_text("x")
    collect(project)
    left = {path.name for folder in ("streams", "logs") for path in (project.home / folder).iterdir()}
    assert "kept" in left and not any(name.startswith(".deleted") for name in left)


# ----------------------------------------------------------------------------------------------------------- datasets
def published(project: Project, number: int, mode: str = "replace") -> int:
    nodes = {"rows": rows({"id": number}, id="BIGINT"), "out": node("sink.dataset", "rows", name="set", mode=mode)}
    return run_nodes(project, nodes).result.outputs[0]["version"]


def read_at(project: Project, version: int) -> str:
    nodes = {"set": node("source.dataset", name="set", version=version), "kept": node("table.filter", "set", where="true")}
    return run_nodes(project, nodes, name="reader").status


def test_dataset_versions_past_retention_go_and_the_newest_stays(project):
    for number in range(3):
        published(project, number)
    assert collect(project, later(days=29))["removed_versions"] == {}
    freed = collect(project, later(days=31))
    assert freed["removed_versions"] == {"set": [0, 1]} and freed["dataset_bytes"] > 0
    assert [item["version"] for item in project.store.datasets.show("set")["versions"]] == [2]
    assert read_at(project, 2) == "success"


def test_a_version_that_a_pipeline_names_stays(project):
    for number in range(4):
        published(project, number)
    assert read_at(project, 1) == "success"
    file = project.root / "other.runnel.yaml"
    nodes = {"set": node("source.dataset", name="set", version=0)}
    file.write_text(document(project, nodes, name="other").text or "")
    assert collect(project, later())["removed_versions"] == {"set": [2]}
    assert read_at(project, 1) == "success"
    file.unlink()
    assert collect(project, later())["removed_versions"] == {"set": [0]}


def test_a_version_that_a_parameter_chooses_keeps_all_of_them(project):
    for number in range(3):
        published(project, number)
    nodes = {"set": node("source.dataset", name="set", version="${params.v}")}
    text = document(project, nodes, name="chosen", params={"v": {"type": "integer", "default": 1}}).text
    (project.root / "chosen.runnel.yaml").write_text(text or "")
    assert collect(project, later())["removed_versions"] == {}


def test_versions_that_were_current_when_a_live_run_began_stay(project):
    published(project, 0)
    live = running(project, timedelta(hours=2))
    published(project, 1)
    with Budget(project, dataset_days=0):
        assert collect(project)["removed_versions"] == {}
        project.store.runs.finish(live, "success", None, {}, None, [])
        assert collect(project)["removed_versions"] == {}
        assert collect(project, later(hours=3))["removed_versions"] == {"set": [0]}


def test_a_dataset_of_many_small_files_is_compacted_with_the_same_rows(project):
    for number in range(17):
        published(project, number, "append")
    freed = collect(project)
    assert freed["compacted_datasets"] == ["set"] and freed["removed_versions"] == {}
    files, _, _ = project.store.datasets.files("set")
    assert len(files) == 1 and collect(project)["compacted_datasets"] == []
    assert read_at(project, 3) == "success"


# ---------------------------------------------------------------------------------------------------------- meanwhile
def test_gc_while_runs_go_on_takes_nothing_from_them(project):
    reports: list[str] = []
    nodes = {**cached_nodes(7), "left": node("table.filter", "sums", where="m % 2 = 0"),
             "all": node("table.join", {"left": "left", "right": "sums"}, how="inner", on=["n"]),
             "set": node("sink.dataset", "all", name="busy", mode="append"), **letters()}  # fmt: skip

    def work() -> None:
        for _ in range(6):
            made = document(project, nodes)
            reports.append(run(project, made, RunOptions(use_cache=True)).status)

    worker = threading.Thread(target=work)
    with Budget(project, cache_bytes=0, letter_bytes=0, log_bytes=0, dataset_days=0, runs_days=0):
        worker.start()
        collections = 0
        while worker.is_alive():
            collect(project)
            collections += 1
        worker.join()
    assert reports == ["warning"] * 6 and collections > 3
    assert sum(entry["rows"] for entry in project.store.datasets.show("busy")["versions"]) == 6000


def test_gc_twice_frees_nothing_more(project):
    run_nodes(project, {**letters(), **cached_nodes(2)}, cache=True)
    published(project, 1)
    moment = later()
    first, second = collect(project, moment), collect(project, moment)
    assert first["removed_runs"] and first["cache_bytes"]
    assert {key: value for key, value in second.items() if value} == {}


def test_gc_of_an_empty_project_does_nothing(project):
    assert {key: value for key, value in collect(project).items() if value} == {}


