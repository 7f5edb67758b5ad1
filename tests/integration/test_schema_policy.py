"""A source that looks otherwise than in the last good run: what each policy of the setting `schema` does, by real runs."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from building import compiled, document, entry, finding_codes, fresh_project, node, rows, run_nodes
from runnel.app.pipelines import InvalidPipelineError, read_text
from runnel.app.replaying import replay
from runnel.app.runs import RunOptions, run
from runnel.errors import ConnectorError
from runnel.model.editing import apply_edits
from runnel.model.loading import load_text

BEFORE = [{"id": 1, "price": 5, "note": "a"}, {"id": 2, "price": 6, "note": "b"}]
ODD = [{"id": 1, "price": 5, "note": "a"}, {"id": 2, "price": "dear", "note": "b"}, {"id": 3, "price": 7, "note": "c"}]


@pytest.fixture
def project():
    with fresh_project() as made:
        yield made


def write(path: Path, given: list[dict[str, Any]]) -> None:
    """Write rows as the file's ending says."""
    if path.suffix == ".csv":
        names = list(given[0])
        path.write_text("\n".join([",".join(names), *(",".join(str(row[n]) for n in names) for row in given)]) + "\n")
    elif path.suffix in (".ndjson", ".json"):
        lines = [json.dumps(row) for row in given]
        path.write_text("\n".join(lines) + "\n" if path.suffix == ".ndjson" else f"[{', '.join(lines)}]")
    elif path.suffix == ".xlsx":
        write_sheet(path, given)
    else:
        values = ", ".join(f"({', '.join(repr(cell) for cell in row.values())})" for row in given)
        text = isinstance(given[1].get("price"), str)
        values = values.replace("(1, 5,", "(1, '5',").replace("(3, 7,", "(3, '7',") if text else values
        columns = ", ".join(given[0])
        duckdb.sql(f"COPY (SELECT * FROM (VALUES {values}) AS t({columns})) TO '{path}' (FORMAT parquet)")


def write_sheet(path: Path, given: list[dict[str, Any]]) -> None:
    """Write a workbook of one sheet, the least that readers take."""
    import zipfile

    def cell(value: Any) -> str:
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    lines = [list(given[0]), *(list(row.values()) for row in given)]
    sheet = "".join(f"<row>{''.join(map(cell, line))}</row>" for line in lines)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{types}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" '
        f'ContentType="{types}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="s" sheetId="1" r:id="r1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)


def reading(path: str, **config: Any) -> dict[str, Any]:
    return {
        "read": node("source.file", path=path, **config), "kept": node("table.filter", "read", where="id > 0"),
        "saved": node("sink.file", "kept", path="out.csv"),
    }  # fmt: skip


def after(project: Any, path: str, first: list[dict[str, Any]], then: list[dict[str, Any]]) -> dict[str, Any]:
    """Run over one content, put another one in its place, and return the nodes."""
    nodes = reading(path)
    write(project.root / path, first)
    assert run_nodes(project, nodes).status == "success"
    write(project.root / path, then)
    return nodes


def changed(project: Any, nodes: dict[str, Any], policy: str) -> list[Any]:
    found = compiled(project, nodes, settings={"schema": policy}).findings
    return [finding for finding in found if finding.code.startswith("RNL-SCHEMA")]


FORMATS = ["in.csv", "in.ndjson", "in.json", "in.parquet", "in.xlsx"]
KINDS = {
    "added": ([{**row, "extra": "x"} for row in BEFORE], "`extra` (VARCHAR) is new"),
    "gone": ([{"id": 1, "price": 5}, {"id": 2, "price": 6}], "`note` (VARCHAR) is gone"),
    "wider": ([{**row, "price": row["price"] + 0.5} for row in BEFORE], "`price` is "),
    "letter case": ([{"id": 1, "Price": 5, "note": "a"}, {"id": 2, "Price": 6, "note": "b"}], "now spelled `Price`"),
}


@pytest.mark.row("M-003-222", met_by="compiler/schema_policy.py")
@pytest.mark.parametrize("path", FORMATS)
@pytest.mark.parametrize("kind", KINDS)
def test_evolve_goes_on_with_the_new_columns_and_says_what_changed(project, path, kind):
    then, words = KINDS[kind]
    nodes = after(project, path, BEFORE, then)
    report = run_nodes(project, nodes)
    said = [finding for finding in report.compiled.findings if finding.code == "RNL-SCHEMA-001"]
    assert report.status == "success" and report.ledger.balanced
    assert len(said) == 1 and said[0].severity == "info" and said[0].where.node == "read" and words in said[0].what
    assert (project.root / "out.csv").read_text().splitlines()[0] == ",".join(then[0])
    assert finding_codes(project, nodes).count("RNL-SCHEMA-001") == 0, "the new columns are what is known now"


@pytest.mark.parametrize("path", FORMATS)
@pytest.mark.parametrize("kind", KINDS)
def test_fail_starts_no_run_and_leaves_everything_as_it_was(project, path, kind):
    then, words = KINDS[kind]
    nodes = after(project, path, BEFORE, then)
    before = (project.root / "out.csv").read_text()
    with pytest.raises(InvalidPipelineError) as raised:
        run_nodes(project, nodes, settings={"schema": "fail"})
    found = [finding for finding in raised.value.findings if finding.severity == "error"]
    assert [finding.code for finding in found] == ["RNL-SCHEMA-002"] and words in found[0].what and found[0].fix
    assert raised.value.exit_code == 3
    assert (project.root / "out.csv").read_text() == before and len(project.store.runs.list()) == 1


@pytest.mark.parametrize("path", FORMATS)
def test_dead_letter_keeps_the_types_and_refuses_the_records_that_do_not_fit(project, path):
    nodes = after(project, path, BEFORE, ODD)
    report = run_nodes(project, nodes, settings={"schema": "dead_letter"})
    assert report.status == "warning" and report.ledger.balanced and report.result.letters == {"read": 1}
    assert entry(report, "read")["out"] == 2
    assert (project.root / "out.csv").read_text() == "id,price,note\n1,5,a\n3,7,c\n"
    (letter,) = project.store.letters.show(report.run_id, "read", 10)
    assert b"dear" in base64.b64decode(letter["raw"]) and "price" in letter["reason"] + str(letter["position"])
    said = [finding for finding in report.compiled.findings if finding.code == "RNL-SCHEMA-003"]
    assert len(said) == 1 and "`price`" in said[0].what
    assert ("kept as JSON" in said[0].hint) == (path in ("in.parquet", "in.xlsx"))


@pytest.mark.parametrize("path", FORMATS)
def test_dead_letter_leaves_new_columns_out_in_every_run(project, path):
    nodes = after(project, path, BEFORE, KINDS["added"][0])
    for _ in range(2):
        report = run_nodes(project, nodes, settings={"schema": "dead_letter"})
        assert report.status == "success" and report.ledger.balanced
        said = [finding for finding in report.compiled.findings if finding.code.startswith("RNL-SCHEMA")]
        assert [(finding.code, finding.severity) for finding in said] == [("RNL-SCHEMA-004", "info")]
        assert "`extra` (VARCHAR)" in said[0].what
        assert (project.root / "out.csv").read_text().splitlines()[0] == "id,price,note"


@pytest.mark.parametrize("path", FORMATS)
def test_dead_letter_takes_another_spelling_and_refuses_a_column_that_is_gone(project, path):
    nodes = after(project, path, BEFORE, KINDS["letter case"][0])
    assert [(one.code, one.severity) for one in changed(project, nodes, "dead_letter")] == [("RNL-SCHEMA-001", "info")]
    assert run_nodes(project, nodes, settings={"schema": "dead_letter"}).status == "success"
    write(project.root / path, [{"id": 1}, {"id": 2}])
    found = changed(project, nodes, "dead_letter")
    assert [(one.code, one.severity) for one in found] == [("RNL-SCHEMA-005", "error")]
    assert "`Price`" in found[0].what and "`note`" in found[0].what


def test_a_spelling_that_changed_together_with_the_type_is_read_with_the_old_type(project):
    nodes = after(project, "in.csv", BEFORE, [{"id": 1, "PRICE": 5, "note": "a"}, {"id": 2, "PRICE": "x", "note": "b"}])
    report = run_nodes(project, nodes, settings={"schema": "dead_letter"})
    assert report.result.letters == {"read": 1} and report.ledger.balanced
    assert (project.root / "out.csv").read_text() == "id,PRICE,note\n1,5,a\n"


def test_dates_and_decimal_commas_are_read_as_they_were_found_when_nothing_tells_them_any_more(project):
    file = project.root / "in.csv"
    file.write_text("id;day;price\n1;31.12.2024;1,5\n2;01.02.2025;2,25\n")
    nodes = reading("in.csv")
    assert run_nodes(project, nodes).status == "success"
    file.write_text("id;day;price\n1;30.12.2024;3,5\n2;soon;4,5\n3;02.02.2025;cheap\n")
    report = run_nodes(project, nodes, settings={"schema": "dead_letter"})
    assert report.result.letters == {"read": 2} and report.ledger.balanced
    assert (project.root / "out.csv").read_text() == "id,day,price\n1,2024-12-30,3.5\n"


def test_types_that_the_author_gave_win_over_those_that_were_seen(project):
    nodes = reading("in.csv", columns={"price": "VARCHAR"})
    write(project.root / "in.csv", BEFORE)
    assert run_nodes(project, nodes).status == "success"
    write(project.root / "in.csv", ODD)
    report = run_nodes(project, nodes, settings={"schema": "dead_letter"})
    assert report.status == "success" and entry(report, "read")["out"] == 3


@pytest.mark.parametrize("path", ["in.ndjson", "in.parquet"])
def test_nested_values_that_do_not_fit_are_refused_and_never_turned_into_nothing(project, path):
    def nested(inner: list[Any]) -> None:
        lines = [json.dumps({"id": number, "tags": tags, "who": who}) for number, (tags, who) in enumerate(inner, 1)]
        (project.root / "in.ndjson").write_text("\n".join(lines) + "\n")
        if path == "in.parquet":
            duckdb.sql(f"COPY (FROM '{project.root}/in.ndjson') TO '{project.root}/in.parquet' (FORMAT parquet)")

    nodes = {
        "read": node("source.file", path=path), "kept": node("table.filter", "read", where="id > 0"),
        "saved": node("sink.file", "kept", path="out.parquet"),
    }  # fmt: skip
    nested([([1, 2], {"age": 3}), ([4], {"age": 5})])
    assert run_nodes(project, nodes).status == "success"
    nested([([1, 2], {"age": 3}), ([4.5], {"age": 5}), ([6], {"age": 7.5}), ([8], {"age": 9, "new": "x"})])
    report = run_nodes(project, nodes, settings={"schema": "dead_letter"})
    assert report.result.letters == {"read": 2} and report.ledger.balanced
    found = duckdb.sql(f"SELECT id, tags, who.age FROM '{project.root}/out.parquet' ORDER BY id").fetchall()
    assert found == [(1, [1, 2], 3), (4, [8], 9)]


def test_a_pattern_of_files_keeps_the_types_of_columns_that_only_some_of_them_have(project):
    write(project.root / "a1.csv", [{"id": 1, "price": 5}])
    write(project.root / "a2.csv", [{"id": 2, "price": 6, "rank": 1}])
    nodes = reading("a*.csv")
    assert run_nodes(project, nodes).status == "success"
    (project.root / "a3.csv").write_text("id,price,rank\n3,7,first\n4,8,2\n")
    report = run_nodes(project, nodes, settings={"schema": "dead_letter"})
    assert report.result.letters == {"read": 1} and report.ledger.balanced and entry(report, "read")["out"] == 3


@pytest.mark.parametrize("policy", ["evolve", "fail", "dead_letter"])
def test_a_source_whose_settings_changed_is_compared_with_nothing(project, policy):
    after(project, "in.csv", BEFORE, ODD)
    write(project.root / "other.csv", [{"id": 1, "a": "x"}])
    assert changed(project, reading("other.csv"), policy) == []
    assert changed(project, reading("in.csv", columns={"price": "VARCHAR"}), policy) == []
    assert changed(project, {**reading("in.csv"), "read": rows({"id": 1})}, policy) == []


@pytest.mark.parametrize("policy", ["fail", "dead_letter"])
def test_a_dataset_takes_no_types_so_a_change_of_it_stops_and_says_why(project, policy):
    def publish(*given: dict[str, Any]) -> None:
        made = {"rows": rows(*given), "saved": node("sink.dataset", "rows", name="things")}
        assert run_nodes(project, made, name="publishing").status == "success"

    publish({"id": 1, "price": 5})
    nodes = {**reading("none"), "read": node("source.dataset", name="things")}
    assert run_nodes(project, nodes).status == "success"
    publish({"id": 1, "price": 5, "note": "new"})
    assert [one.code for one in changed(project, nodes, "evolve")] == ["RNL-SCHEMA-001"]
    (found,) = changed(project, nodes, policy)
    assert found.severity == "error" and "`note` (VARCHAR) is new" in found.what
    assert found.code == ("RNL-SCHEMA-002" if policy == "fail" else "RNL-SCHEMA-006")
    assert ("source.dataset takes none" in found.hint) == (policy == "dead_letter")


def test_a_node_that_breaks_says_that_its_source_changed_and_since_when(project):
    nodes = reading("in.csv") | {"half": node("table.derive", "kept", columns={"half": "price / 2"})}
    nodes["saved"] = node("sink.file", "half", path="out.csv")
    write(project.root / "in.csv", BEFORE)
    first = run_nodes(project, nodes)
    write(project.root / "in.csv", KINDS["gone"][0])
    assert "note" not in str([one.hint for one in compiled(project, nodes).findings if one.severity == "error"])
    write(project.root / "in.csv", ODD)
    (broken,) = [one for one in compiled(project, nodes).findings if one.severity == "error"]
    assert broken.where.node == "half"
    assert f"`read` changed since run {first.run_id} at 20" in broken.hint and "`price` is VARCHAR" in broken.hint


@pytest.mark.parametrize("then", [ODD, KINDS["gone"][0]])
def test_the_fix_of_a_forbidden_change_makes_the_pipeline_run(project, then):
    nodes = after(project, "in.csv", BEFORE, then)
    made = document(project, nodes, settings={"schema": "fail"})
    found = compiled(project, nodes, settings={"schema": "fail"}).findings
    (error,) = [one for one in found if one.code == "RNL-SCHEMA-002"]
    text = apply_edits(made.text or "", error.fix.edits)
    pipeline, problems = load_text(text)
    assert pipeline is not None and not problems
    if then is ODD:
        assert pipeline.nodes["read"].config["columns"] == {"price": "BIGINT"} and pipeline.settings.schema == "fail"
    else:
        assert pipeline.settings.schema == "evolve"
    report = run(project, read_text(text, str(project.root)), RunOptions(use_cache=False))
    assert report.status == ("warning" if then is ODD else "success") and report.ledger.balanced


def test_only_good_runs_that_write_are_remembered_and_what_a_run_left_out_stays_known(project):
    nodes = reading("in.csv") | {
        "other": node("source.file", path="other.csv"),
        "end": node("sink.file", "other", path="o.csv"),
    }
    write(project.root / "in.csv", BEFORE)
    write(project.root / "other.csv", BEFORE)
    first = run_nodes(project, nodes)
    write(project.root / "in.csv", ODD)
    write(project.root / "other.csv", ODD)
    assert run_nodes(project, nodes, dry_run=True).status == "success"
    failing = {
        **nodes,
        "check": node("quality.expect", "kept", expectations=[{"type": "between", "column": "id", "min": 5, "max": 6}]),
    }
    assert run_nodes(project, failing).status == "failed"
    assert {one.where.node for one in changed(project, nodes, "evolve")} == {"read", "other"}
    assert run_nodes(project, nodes, to="kept").status == "success"
    (left,) = changed(project, nodes, "evolve")
    assert left.where.node == "other" and first.run_id in left.what


def test_records_refused_for_their_old_types_come_back_by_replay(project):
    nodes = after(project, "in.csv", BEFORE, ODD)
    given = {"schema": "dead_letter"}
    report = run_nodes(project, nodes, settings=given)
    again, count = replay(project, document(project, nodes, settings=given), report.run_id, "read")
    assert (again.status, count) == ("warning", 1) and again.result.letters == {"read": 1}
    assert [one.code for one in changed(project, nodes, "dead_letter")] == ["RNL-SCHEMA-003"]


def test_a_sub_pipeline_is_compared_by_its_inner_sources_and_its_fix_accepts(project):
    inner = {
        "runnel": 1, "name": "inner", "outputs": {"out": "read"},
        "nodes": {"read": {"kind": "source.file", "config": {"path": "in.csv"}}},
    }  # fmt: skip
    (project.root / "inner.runnel.yaml").write_text(json.dumps(inner))
    write(project.root / "in.csv", BEFORE)
    nodes = {"sub": node("pipeline.run", file="inner.runnel.yaml"), "saved": node("sink.file", "sub", path="out.csv")}
    assert run_nodes(project, nodes).status == "success"
    write(project.root / "in.csv", ODD)
    (found,) = changed(project, nodes, "fail")
    assert found.where.node == "sub/read" and found.fix.edits[0].path == ("settings", "schema")


def test_checking_a_pipeline_makes_no_database(project):
    write(project.root / "in.csv", BEFORE)
    assert not [one for one in compiled(project, reading("in.csv")).findings if one.severity == "error"]
    assert not (project.home / "runnel.db").exists() and "store" not in project.__dict__


def test_a_damaged_database_is_named_with_its_file(project):
    write(project.root / "in.csv", BEFORE)
    (project.home / "runnel.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(ConnectorError, match=r"runnel\.db"):
        compiled(project, reading("in.csv"))
