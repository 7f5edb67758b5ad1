"""Plain input that no part may break over: numbers beyond 64 bits, paths that are none, ids of files in granted folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from building import fresh_folder
from running import Running, running
from serving import Served, served

HUGE = 123456789012345678901234567890
NUMBERS = f"""\
runnel: 1
name: huge
nodes:
  rows:
    kind: source.rows
    config:
      rows: [{{n: "{HUGE}", d: 1.5, w: 12345678901234567890, f: 2.5e-300}}]
      columns: {{n: "DECIMAL(38,0)", d: "DECIMAL(4,2)", w: HUGEINT, f: DOUBLE}}
  saved:
    kind: sink.dataset
    from: rows
    config: {{name: huge, mode: replace}}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server with a granted folder beside the project's."""
    with fresh_folder() as outer:
        folder, granted = outer / "project", outer / "granted"
        for made in (folder, granted / "deep", granted / ".hidden"):
            made.mkdir(parents=True)
        (granted / "deep" / "lent.csv").write_text("a\n1\n2\n", "utf-8")
        (granted / ".hidden" / "x.csv").write_text("a\n1\n", "utf-8")
        (folder / "huge.runnel.yaml").write_text(NUMBERS, "utf-8")
        (folder / "runnel.toml").write_text(f"roots = [{json.dumps(str(granted))}]\n", "utf-8")
        with running(folder) as up:
            yield up


@pytest.fixture
def inside() -> Iterator[Served]:
    """A server in this process."""
    with served() as made:
        made.person("ada", "admin")
        yield made


def test_rows_of_a_dataset_keep_every_digit_as_numbers_and_as_text(server: Running) -> None:
    assert server.run("huge")["status"] == "success"
    answer = server.api.get("/datasets/huge/data")
    assert answer.status_code == 200
    assert f'"n":{HUGE}' in answer.text and '"w":12345678901234567890' in answer.text and '"d":1.50' in answer.text
    assert answer.json()["items"][0]["f"] == 2.5e-300 and len(answer.text) < 500
    texts = server.get("/datasets/huge/data", numbers="string")["items"][0]
    assert (texts["n"], texts["w"], texts["d"]) == (str(HUGE), "12345678901234567890", "1.50")
    assert server.api.get("/datasets/huge/data", params={"numbers": "float"}).status_code == 422


def test_a_document_with_a_number_beyond_64_bits_is_made_and_read(inside: Served) -> None:
    ada = inside.token(inside.people["ada"])
    text = f"runnel: 1\nname: wide\nparams: {{n: {{type: HUGEINT, default: {HUGE}}}}}\nnodes: {{}}\n"
    made = inside.call("POST", "/api/v1/pipelines", headers=ada, json={"document": text})
    assert made.status == 201, made.body
    found = inside.call("GET", "/api/v1/pipelines/wide", headers=ada)
    assert found.status == 200 and str(HUGE).encode() in found.body
    draft = inside.call("GET", "/api/v1/pipelines/wide/draft", headers=ada)
    assert draft.status == 200 and str(HUGE).encode() in draft.body


def test_a_question_with_a_number_beyond_64_bits_is_refused_with_a_reason(server: Running) -> None:
    answer = server.api.post("/pipelines/huge/execute", json={"params": {"n": HUGE}})
    assert answer.status_code == 422 and "64 bits" in answer.json()["what"]


@pytest.mark.parametrize("path", ["a\0b.csv", "\0", "x" * 3000, "x/" * 1500 + "y", "a" * 300 + ".csv", "\ud800.csv"])
@pytest.mark.parametrize("route", ["use", "sniff"])
def test_a_path_that_can_be_none_is_refused(inside: Served, route: str, path: str) -> None:
    ada = inside.token(inside.people["ada"])
    answer = inside.call("POST", f"/api/v1/files/{route}", headers=ada, json={"path": path})
    assert answer.status in (404, 422) and answer.json["what"]


def test_a_file_of_a_granted_folder_that_is_used_in_place_has_an_id_that_every_route_knows(server: Running) -> None:
    lent = server.root.parent / "granted" / "deep" / "lent.csv"
    used = server.post("/files/use", {"path": str(lent)})
    assert server.get(f"/files/{used['id']}")["path"] == str(lent)
    assert server.get(f"/files/{used['id']}/preview")["table"]["total_rows"] == 2
    assert server.api.get(f"/files/{used['id']}/content").content == b"a\n1\n2\n"
    assert server.post("/files/sniff", {"id": used["id"]})["columns"][0]["name"] == "a"
    assert server.api.delete(f"/files/{used['id']}").status_code == 422 and lent.exists()


def test_an_id_of_a_granted_file_is_known_after_a_restart_and_gone_with_the_file() -> None:
    from runnel.app.project import Project
    from runnel.app.project_files import NoSuchFileError, ProjectFiles

    with fresh_folder() as outer:
        (outer / "project").mkdir()
        (outer / "granted").mkdir()
        lent = outer / "granted" / "lent.csv"
        lent.write_text("a\n1\n", "utf-8")
        project = Project(outer / "project", environ={})

        def files() -> ProjectFiles:
            return ProjectFiles(project.root, project.home, project.store, (lent.parent,), 100)

        before = files()
        id = before.at(str(lent)).id
        assert files().get(id).path == lent
        lent.unlink()
        for known in (before, files()):
            with pytest.raises(NoSuchFileError):
                known.get(id)
        project.close()


def test_a_file_beyond_the_end_of_the_list_is_found_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    from runnel.app import project_files
    from runnel.app.project import Project

    monkeypatch.setattr(project_files, "MOST_LISTED", 3)
    with fresh_folder() as folder:
        project = Project(folder, environ={})
        for number in range(6):
            (folder / f"{number}.csv").write_text("a\n", "utf-8")
        files = project_files.ProjectFiles(folder, project.home, project.store, (), 100)
        assert len(files.all()) == 3
        last = files.at("5.csv")
        assert files.get(last.id).path == folder / "5.csv" == last.path
        project.close()


@pytest.mark.parametrize(
    "path", [".runnel/runnel.db", ".runnel/access.key", "huge.runnel.yaml", "server.log/../.runnel/runnel.db"]
)
def test_what_is_no_data_is_not_used_in_place(server: Running, path: str) -> None:
    assert (server.root / path).resolve().is_file()
    for route in ("use", "sniff"):
        assert server.api.post(f"/files/{route}", json={"path": path}).status_code == 404
    hidden: Path = server.root.parent / "granted" / ".hidden" / "x.csv"
    assert server.api.post("/files/use", json={"path": str(hidden)}).status_code == 404
