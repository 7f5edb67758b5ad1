"""Rows traced back through what computed them then: the version of the stream, and the tables that it joined with."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from integration.streams.flowing import folder, refused, runnel
from runnel.app.project import Project

__all__ = ["folder"]

NAMES = """\
runnel: 1
name: names
nodes:
  file: {kind: source.file, config: {path: names.csv}}
  out: {kind: sink.dataset, from: file, config: {name: names, mode: replace}}
"""
FLOW = """\
runnel: 1
name: flow
nodes:
  lines: {kind: source.files, config: {path: in, pattern: "*.ndjson", mode: tail, format: ndjson, columns: {id: BIGINT, user: VARCHAR}}}
  names: {kind: source.dataset, config: {name: names}}
  cities: {kind: source.file, config: {path: cities.csv}}
  known: {kind: table.lookup, from: {input: lines, lookup: names}, config: {on: [user], columns: [country]}}
  placed: {kind: table.lookup, from: {input: known, lookup: cities}, config: {on: [user], columns: [city]}}
  named: {kind: table.derive, from: placed, config: {columns: {label: "LABEL"}}}
  saved: {kind: sink.dataset, from: named, config: {name: labels, mode: append}}
"""
BEFORE, AFTER = "country || ' ' || city || ' ' || id", "id || ' of ' || city || ', ' || country"


def life(folder: Path) -> None:
    """Ten rows under each of: a version with tables, the same with other tables, another version whose sink has another name."""
    (folder / "in").mkdir()
    for number, (country, city, flow) in enumerate((
        ("France", "Paris", FLOW.replace("LABEL", BEFORE)), ("Italy", "Rome", FLOW.replace("LABEL", BEFORE)),
        ("Spain", "Madrid", FLOW.replace("LABEL", AFTER).replace("saved:", "stored:")),
    )):  # fmt: skip
        (folder / "names.csv").write_text(f"user,country\nana,{country}\n", "utf-8")
        (folder / "cities.csv").write_text(f"user,city\nana,{city}\n", "utf-8")
        (folder / "names.runnel.yaml").write_text(NAMES, "utf-8")
        (folder / "flow.runnel.yaml").write_text(flow, "utf-8")
        runnel(folder, "run", "names.runnel.yaml")
        with (folder / "in" / "a.ndjson").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps({"id": number * 10 + one, "user": "ana"}) + "\n" for one in range(10))
        runnel(folder, "run", "flow.runnel.yaml", "--until-caught-up")


def traced(folder: Path, *asked: str, code: int = 0) -> list[dict[str, Any]]:
    found = runnel(folder, "stream", "trace", "flow", *asked, code=code)["rows"]
    return sorted(found, key=lambda one: one["row"]["id"])


def test_a_row_goes_through_the_version_and_the_tables_of_its_epochs(folder):
    life(folder)
    found = traced(folder, "--dataset", "labels", "--where", "id IN (3, 13, 23)")
    assert [one["row"]["label"] for one in found] == ["France Paris 3", "Italy Rome 13", "23 of Madrid, Spain"]
    for one in found:
        assert one["reproduced"] and one["how"] == "carried" and one["gone"] == []
        assert [json.loads(record["value"])["id"] for record in one["records"]] == [one["row"]["id"]]
    assert found[0]["version"] == found[1]["version"] != found[2]["version"]
    with closing(Project(folder)) as project:
        assert project.store.datasets.compact("labels")["files_after"] == 1
        assert traced(folder, "--dataset", "labels", "--where", "id IN (3, 13, 23)") == found
    last = found[2]["epochs"][1]
    (of_sink,) = traced(folder, "--sink", "stored", "--epoch", str(last), "--where", "id = 25")
    assert of_sink["reproduced"] and of_sink["row"]["label"] == "25 of Madrid, Spain"
    said = refused(folder, "stream", "trace", "flow", "--sink", "stored", "--epoch", "1", "--to", str(last), "--where", "true")
    assert "RNL-STREAM-047" in said and "no sink `stored` in epoch" in said


def test_tables_that_are_not_kept_any_more_are_named(folder):
    life(folder)
    with closing(Project(folder)) as project:
        project.store.datasets.delete("names")
    runnel(folder, "run", "names.runnel.yaml")
    (kept,) = traced(folder, "--dataset", "labels", "--where", "id = 13")
    assert kept["reproduced"] and kept["gone"] == []  # the stream itself keeps what it joined with last
    for table in (folder / ".runnel" / "streams" / "flow").glob("*/held/*"):
        table.unlink()
    (first,) = traced(folder, "--dataset", "labels", "--where", "id = 13", code=1)
    assert not first["reproduced"]
    assert first["gone"] == [
        {"source": "names", "what": "version 1, which rows were joined with, is not kept any more: the newest was taken"}
    ]
