"""What may travel along an edge is part of a node's contract: ports of different types cannot be connected."""

from __future__ import annotations

import pytest

from building import compiled, fresh_project, node, rows
from runnel.catalog import Catalog, discover
from runnel.catalog.describe import entry
from runnel.sdk import Node, NodeConfig, Port, Ports, PortType, Relation

LATER = "the type and its check are there; nodes that use it come later"


class Typed(Node):
    """Has one input or one output of the type that its config names."""

    kind = "my.typed"
    title = "Typed"
    summary = "Give or take one type"
    group = "flow"
    synonyms = ("typed",)

    class Config(NodeConfig):
        """Settings of the ports."""

        gives: PortType | None = None
        takes: PortType | None = None

    @classmethod
    def ports(cls, config: Config) -> Ports:
        """Return the port that the config asks for."""
        inputs = (Port("input", config.takes),) if config.takes else ()
        outputs = (Port("output", config.gives),) if config.gives else ()
        return Ports(inputs, outputs)

    def relate(self, input: Relation | None = None) -> dict[str, Relation]:
        """Make no rows; only the ports matter here."""
        return {}


@pytest.fixture(scope="module")
def project():
    known = discover()
    with fresh_project(catalog=Catalog({**known.nodes, "my.typed": Typed}, known.broken)) as made:
        yield made


def refused(project, giving, taking):
    """Return what is said about the edge between two nodes."""
    found = compiled(project, {"one": giving, "two": taking}).findings
    return [item for item in found if item.code == "RNL-GRAPH-013"]


TYPES = [
    pytest.param("DB_TABLE", id="DB_TABLE"),
    pytest.param(
        "S3_FILE", id="S3_FILE", marks=pytest.mark.row("M-002-34", met_by="model/document.py", deviation=LATER)
    ),
    pytest.param(
        "ML_MODEL", id="ML_MODEL", marks=pytest.mark.row("M-002-35", met_by="model/document.py", deviation=LATER)
    ),
    pytest.param(
        "TRIGGER", id="TRIGGER", marks=pytest.mark.row("M-002-36", met_by="model/document.py", deviation=LATER)
    ),
]


@pytest.mark.row(
    "M-002-05",
    met_by="compiler/wiring.py",
    deviation="validation refuses the edge; the editor that does not let it be drawn comes later",
)
@pytest.mark.parametrize("type", TYPES)
def test_an_edge_carries_only_the_type_that_its_input_takes(project, type):
    giving, taking = node("my.typed", gives=type), node("my.typed", "one", takes=type)
    assert refused(project, giving, taking) == []
    found = refused(project, giving, node("table.distinct", "one"))
    assert [(item.severity, item.where.node) for item in found] == [("error", "two")]
    assert f"gives {type}" in found[0].what and "takes TABLE" in found[0].what
    found = refused(project, rows({"id": 1}), taking)
    assert "gives TABLE" in found[0].what and f"takes {type}" in found[0].what


@pytest.mark.row("M-002-05", "M-003-253", met_by="catalog/describe.py")
def test_every_kind_tells_the_types_of_its_ports(project):
    known = {str(type) for type in PortType}
    for kind in project.catalog.nodes.values():
        described = entry(kind, full=True)["ports"]
        assert {port["type"] for side in described.values() for port in side} <= known, kind.kind
    join = entry(project.catalog.nodes["table.join"], full=True)["ports"]
    assert [(port["name"], port["type"]) for port in join["inputs"]] == [("left", "TABLE"), ("right", "TABLE")]
