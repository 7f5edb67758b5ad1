"""A preview keeps and refuses the rows that a run of the same graph keeps and refuses, whatever else it shows."""

from __future__ import annotations

import json

import pytest

from building import compiled, entry, fresh_project, node, run_nodes
from runnel.app.previews import preview

TEXT = "id,v,unused\n1,5,2\n2,6,x\nthree,7,3\n4,y,4\n5,8\n"
TYPES = {"id": "BIGINT", "v": "BIGINT", "unused": "BIGINT"}


@pytest.fixture(scope="module")
def project():
    with fresh_project() as made:
        (made.root / "a.csv").write_text(TEXT)
        lines = [{"id": 1, "v": 5, "unused": 2}, {"id": 2, "v": 6, "unused": "x"}, {"id": "three", "v": 7, "unused": 3},
                 {"id": 4, "v": "y", "unused": 4}]  # fmt: skip
        (made.root / "a.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"id": 5\n')
        yield made


def graph(path, end="kept", **settings):
    nodes = {
        "source": node("source.file", path=path, columns=TYPES),
        "kept": node("table.filter", "source", where="id > 0"),
        "end": node("table.select", end, columns=["id", "v"]),
    }
    return nodes, settings


def shown(project, nodes, port, **rest):
    found = preview(project, compiled(project, nodes, **rest), (port, "output"), 100)
    return [row[0] for row in json.loads(found["rows"])], found


@pytest.mark.parametrize("path", ["a.csv", "a.ndjson"])
@pytest.mark.parametrize("port", ["source", "kept", "end"])
def test_a_preview_keeps_the_rows_of_a_run_up_to_that_node(project, path, port):
    nodes, _ = graph(path)
    report = run_nodes(project, nodes, to=port)
    ids, found = shown(project, nodes, port)
    assert ids == [1, 2] and found["total_rows"] == entry(report, port)["ports"]["output"] == 2
    assert report.result.letters == {"source": 3} == run_nodes(project, nodes).result.letters


@pytest.mark.parametrize("path", ["a.csv", "a.ndjson"])
def test_an_unused_column_is_shown_with_null_where_a_value_does_not_fit(project, path):
    nodes, _ = graph(path)
    _, found = shown(project, nodes, "source")
    assert [column["name"] for column in found["columns"]] == ["id", "v", "unused"]
    assert json.loads(found["rows"]) == [[1, 5, 2], [2, 6, None]]


def test_a_column_that_is_used_refuses_rows_in_the_preview_too(project):
    nodes, _ = graph("a.csv")
    nodes["end"] = node("table.select", "kept", columns=["id", "v", "unused"])
    assert shown(project, nodes, "kept")[0] == [1] and entry(run_nodes(project, nodes), "kept")["ports"]["output"] == 1


def test_a_source_that_decodes_all_columns_refuses_rows_in_the_preview_too(project):
    nodes, _ = graph("a.csv")
    settings = {"decode": "all"}
    assert shown(project, nodes, "kept", settings=settings)[0] == [1]
    assert entry(run_nodes(project, nodes, settings=settings), "kept")["ports"]["output"] == 1


def test_a_source_that_nothing_reads_uses_all_its_columns(project):
    nodes = {"source": graph("a.csv")[0]["source"]}
    assert shown(project, nodes, "source")[0] == [1] and entry(run_nodes(project, nodes), "source")["out"] == 1
