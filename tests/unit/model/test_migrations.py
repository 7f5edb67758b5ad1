"""Old formats load as the current one, with the lines of the old file."""

from __future__ import annotations

from pathlib import Path

from runnel.model import codes, load_file, load_text, to_yaml
from runnel.model.document import FORMAT_VERSION
from runnel.model.migrations import STEPS

GOLDEN = Path(__file__).parents[2] / "golden/documents"


def test_there_is_one_step_per_older_version() -> None:
    assert len(STEPS) == FORMAT_VERSION


def test_format_0_loads_as_the_same_pipeline_as_format_1() -> None:
    old, findings = load_file(GOLDEN / "orders_by_country.v0.runnel.yaml")
    new, none = load_file(GOLDEN / "orders_by_country.v1.runnel.yaml")
    assert old == new
    assert [(finding.code, finding.severity) for finding in findings] == [(codes.MIGRATED, "info")]
    assert none == ()


def test_canonical_yaml_of_the_golden_document_does_not_change() -> None:
    old, _ = load_file(GOLDEN / "orders_by_country.v0.runnel.yaml")
    assert old is not None
    assert to_yaml(old) == (GOLDEN / "orders_by_country.canonical.yaml").read_text(encoding="utf-8")


def test_findings_of_an_old_file_keep_its_lines_and_lose_fixes_for_the_new_format() -> None:
    text = "runnel: 0\nname: x\nnodes:\n  - id: orders\n    type: t.x\n  - id: b\n    type: t.x\n    inputs: ordres\n"
    finding = load_text(text)[1][1]
    assert (finding.code, finding.where.node, finding.where.line) == (codes.UNKNOWN_NODE, "b", 8)
    assert finding.fix is None


def test_a_list_of_nodes_without_a_version_is_format_0() -> None:
    pipeline, findings = load_text("name: x\nnodes: [{id: a, type: t.x}, {id: a, type: t.y}, 5, {type: t.z}]\n")
    assert pipeline is not None
    assert list(pipeline.nodes) == ["a", "a_2", "node_3", "node_4"]
    assert [finding.code for finding in findings] == [codes.MIGRATED, codes.WRONG_TYPE, codes.MISSING_KEY]
