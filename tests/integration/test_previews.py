"""Previews: the rows of a run, from one kept worker, computed once while nothing changes."""

from __future__ import annotations

import time
from typing import Any

import psutil
import pytest

from building import compiled, document, fresh_project, node, rows
from runnel.app import pipelines, previews
from runnel.app.project import Project
from running import until

TYPES = {"id": "BIGINT", "v": "BIGINT"}


@pytest.fixture
def project():
    with fresh_project() as made:
        yield made


def on_file(project: Project, text: str = "id,v\n1,2\n2,3\n3,2\n") -> dict[str, Any]:
    (project.root / "in.csv").write_text(text)
    return {
        "file": node("source.file", path="in.csv"), "sums": node("table.aggregate", "file", group_by=["v"], values={"n": "count(*)"}),
        "ordered": node("table.sort", "sums", by=["-v"]), "kept": node("table.filter", "file", where="v > 2"),
    }  # fmt: skip


def shown(project: Project, nodes: dict[str, Any], ref: str, limit: int = 100) -> tuple[Any, int, bool]:
    made = pipelines.runnable(project, document(project, nodes))
    found = previews.preview(project, made, pipelines.port_of(made, ref), limit)
    return previews.orjson.loads(found["rows"]), found["total_rows"], found["complete"]


def workers(project: Project) -> set[int]:
    zygote = project.workers.zygote.pid
    return {child.pid for child in psutil.Process(zygote).children()} if zygote else set()


def test_a_preview_shows_the_first_rows_and_how_many_there_are(project):
    nodes = on_file(project)
    assert shown(project, nodes, "ordered") == ([[3, 1], [2, 2]], 2, True)
    assert shown(project, nodes, "ordered", 1) == ([[3, 1]], 2, False)
    assert shown(project, nodes, "kept") == ([[2, 3]], 1, True)
    assert shown(project, nodes, "file", 2) == ([[1, 2], [2, 3]], 3, False)


def test_previews_over_the_same_input_share_one_worker(project):
    nodes = on_file(project)
    shown(project, nodes, "file")
    before = workers(project)
    for ref in ("ordered", "kept", "sums"):
        shown(project, nodes, ref)
    assert len(before) == 1 and workers(project) == before
    [folder] = project.scratch.iterdir()
    assert list(folder.iterdir()) == []


def test_a_preview_after_a_change_of_data_or_node_shows_the_change(project):
    nodes = on_file(project)
    shown(project, nodes, "ordered")
    nodes["sums"] = node("table.aggregate", "file", group_by=["v"], values={"n": "max(id)"})
    assert shown(project, nodes, "ordered")[0] == [[3, 2], [2, 3]]
    (project.root / "in.csv").write_text("id,v\n7,7\n")
    assert shown(project, nodes, "ordered")[0] == [[7, 7]]


def test_a_preview_that_is_asked_again_asks_no_worker(project, monkeypatch):
    nodes = on_file(project)
    first = shown(project, nodes, "ordered")
    monkeypatch.setattr(project.workers, "at_desk", None)
    assert shown(project, nodes, "ordered") == first


def test_a_preview_after_the_kept_worker_died_takes_another_one(project):
    nodes = on_file(project)
    shown(project, nodes, "ordered")
    [pid] = workers(project)
    psutil.Process(pid).kill()
    for _ in range(200):
        if not workers(project):
            break
        time.sleep(0.02)
    assert shown(project, nodes, "kept") == ([[2, 3]], 1, True)
    assert workers(project) and pid not in workers(project)


def test_all_workers_but_one_are_ended_when_nothing_was_asked_for_a_while(project, monkeypatch):
    monkeypatch.setattr("runnel.app.workers.REST_SECONDS", 0.5)
    for name in ("one", "two"):
        (project.root / f"{name}.csv").write_text("id\n1\n")
        shown(project, {"file": node("source.file", path=f"{name}.csv"), "sorted": node("table.sort", "file", by=["id"])}, "sorted")
    until(lambda: len(workers(project)) == 1, 10)
    assert shown(project, on_file(project), "kept")[1] == 1


def test_a_large_result_of_a_blocking_node_is_counted_and_shows_its_first_rows(project):
    nodes = {
        "left": node("source.generate", rows=1_200_000, columns={"id": "sequence"}),
        "twice": node("table.sort", "left", by=["-id"]),
    }
    found, total, complete = shown(project, nodes, "twice", 2)
    assert total == 1_200_000 and not complete and found[0][0] - found[1][0] == 1


def test_compiling_at_another_moment_types_nothing_anew_but_what_reads_the_clock():
    from datetime import UTC, datetime, timedelta

    moment = [datetime(2025, 1, 16, 8, 0, tzinfo=UTC)]
    with fresh_project(clock=lambda: moment[0]) as project:
        nodes = {
            "rows": rows({"id": 1, "v": 2}, **TYPES), "plain": node("table.derive", "rows", columns={"w": "v + 1"}),
            "timed": node("table.derive", "plain", columns={"at": "now()"}),
            "after": node("table.filter", "timed", where="w > 1"),
        }  # fmt: skip
        compiled(project, nodes)
        typist, before = project.compiler.typist, project.compiler.typist.computed
        assert shown(project, nodes, "after")[0][0][-1].startswith("2025-01-16T08:00:00")
        assert typist.computed == before
        moment[0] += timedelta(hours=1)
        assert shown(project, nodes, "after")[0][0][-1].startswith("2025-01-16T09:00:00")
        assert typist.computed == before + 1
