"""Document 003's own examples through `table.rules`: the documented JSON, value by value and key by key."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from runnel.app import pipelines
from runnel.app.previews import port_rows
from runnel.model.document import NodeDoc, Pipeline, Wire
from runnel.model.saving import to_yaml
from runnel.testing import example_project

CASES = sorted(Path(__file__).parent.glob("*.json"))


@pytest.fixture(scope="module")
def project():
    with example_project() as made:
        yield made


def pipeline_of(case, port):
    sources = {
        f"given_{name}": NodeDoc(f"given_{name}", "source.rows", {"rows": rows}) for name, rows in case["given"].items()
    }
    wires = tuple(Wire(f"given_{name}", None, name) for name in case["given"])
    rules = NodeDoc("rules", "table.rules", {"transformations": case["transformations"]}, wires)
    key = next(iter(case["expect"][0]))
    end = NodeDoc("end", "table.sort", {"by": [key]}, (Wire("rules", port),))
    return Pipeline(name="golden", nodes={**sources, "rules": rules, "end": end})


def as_json(value):
    """Return what a JSON document says of a row that a port gave."""
    if isinstance(value, dict):
        return {key: as_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(part) for part in value]
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return Decimal(repr(value)) if isinstance(value, float) else value


def rows_of(project, case, port):
    pipeline = pipeline_of(case, port)
    document = pipelines.Document(pipeline, (), str(project.root), None, to_yaml(pipeline))
    return as_json(list(port_rows(project, pipelines.runnable(project, document), "end")))


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_a_rule_list_of_document_003_gives_the_documented_rows(project, path):
    case = json.loads(path.read_text("utf-8"), parse_float=Decimal)
    given = json.loads(path.read_text("utf-8"))
    for name, port in (("expect", None), ("rejected", "rejected")):
        if name not in case:
            continue
        rows = rows_of(project, given, port)
        assert rows == case[name]
        assert [list(row) for row in rows] == [list(row) for row in case[name]]
