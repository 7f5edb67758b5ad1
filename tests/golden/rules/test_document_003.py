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
RULES, OPERATIONS, CONDITIONS = (f"nodes/flow/{name}.py" for name in ("rules", "rule_operations", "rule_conditions"))
PROVED = {
    "conditional": [("M-003-296", CONDITIONS), ("M-003-274", CONDITIONS)],
    "customers": [
        *((row, OPERATIONS) for row in ("M-003-285", "M-003-286", "M-003-287", "M-003-288")),
        ("M-003-279", "nodes/flow/rule_layout.py"), ("M-003-284", RULES), ("M-003-289", RULES),
    ],
    "ecommerce_as_it_stands": [
        ("M-003-155", RULES), ("M-003-166", RULES), ("M-003-167", OPERATIONS),
        ("M-003-168", OPERATIONS), ("M-003-169", CONDITIONS), ("M-003-170", OPERATIONS),
    ],
    "ecommerce_bad_address": [("M-003-171", "nodes/flow/rule_checks.py")],
    "ecommerce_with_rename": [("M-003-166", RULES), ("M-003-173", RULES)],
    "enrichment": [("M-003-293", RULES), ("M-003-294", RULES), ("M-003-295", RULES)],
    "transactions": [("M-003-290", RULES), ("M-003-291", RULES), ("M-003-292", RULES)],
}  # fmt: skip
DEVIATIONS = {
    "M-003-173": "the rules as printed keep `price`; with one more rule that renames it the result is the printed one",
    "M-003-274": "conditions are written in the rules' settings; the form that builds them comes with the editor",
}


def marked(path):
    """Return a case with the rows that it proves."""
    marks = [pytest.mark.row(row, met_by=place, deviation=DEVIATIONS.get(row, "")) for row, place in PROVED.get(path.stem, ())]
    return pytest.param(path, marks=marks, id=path.stem)


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


@pytest.mark.parametrize("path", [marked(path) for path in CASES])
def test_a_rule_list_of_document_003_gives_the_documented_rows(project, path):
    case = json.loads(path.read_text("utf-8"), parse_float=Decimal)
    given = json.loads(path.read_text("utf-8"))
    for name, port in (("expect", None), ("rejected", "rejected")):
        if name not in case:
            continue
        rows = rows_of(project, given, port)
        assert rows == case[name]
        assert [list(row) for row in rows] == [list(row) for row in case[name]]
