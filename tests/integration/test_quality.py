"""The quality of data: expectations that stop a run, cleansing, enforced columns, profiles, refused records replayed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from building import document, entry, finding_codes, fresh_project, node, rows, run_nodes
from runnel.app.profiling import profile_file
from runnel.app.replaying import replay
from runnel.app.tables import arrow_table


@pytest.fixture
def project():
    with fresh_project() as made:
        yield made


GIVEN = [
    {"id": 1, "mail": "ada@example.org", "age": 36},
    {"id": 2, "mail": "nobody", "age": 200},
    {"id": 2, "mail": None, "age": 8},
]


def checked(given: list[dict[str, Any]], *expectations: dict[str, Any]) -> dict[str, Any]:
    return {
        "rows": rows(*given), "checks": node("quality.expect", "rows", expectations=list(expectations)),
        "saved": node("sink.file", "checks", path="out.csv"),
    }  # fmt: skip


BROKEN = [
    ({"type": "unique", "columns": ["id"]}, "unique_id"),
    ({"type": "not_null", "columns": ["mail"]}, "not_null_mail"),
    ({"type": "between", "column": "age", "min": 0, "max": 120}, "between_age"),
    ({"type": "condition", "name": "adults", "check": "age >= 18"}, "adults"),
]


@pytest.mark.row("M-003-158", "M-003-546", met_by="nodes/quality/expect.py")
@pytest.mark.parametrize(("expectation", "name"), BROKEN)
def test_a_broken_quality_check_ends_the_run_before_anything_is_written(project, expectation, name):
    report = run_nodes(project, checked(GIVEN, expectation))
    assert (report.status, report.result.cause, report.result.error.exit_code) == ("failed", "check", 4)
    assert f"checks: {name}" in report.result.error.what and not (project.root / "out.csv").exists()
    report = run_nodes(project, checked(GIVEN[:1], expectation))
    assert report.status == "success" and (project.root / "out.csv").exists()


def test_a_quality_check_may_warn_only_and_reports_what_it_saw(project):
    nodes = checked(GIVEN, {"type": "unique", "columns": ["id"], "severity": "warning"})
    nodes["report"] = node("sink.file", "checks.results", path="report.json")
    assert run_nodes(project, nodes).status == "success"
    found = json.loads((project.root / "report.json").read_text())
    assert [(item["name"], item["passed"], item["breaking"]) for item in found] == [("unique_id", False, 1)]


@pytest.mark.row("M-003-546", met_by="nodes/columns/standardise.py")
def test_data_is_cleansed_by_itself_and_duplicates_that_differ_in_form_are_found(project):
    given = [
        {"name": " Ada\u00a0 Byron", "mail": "ADA@example.org "},
        {"name": "Ada Byron", "mail": "ada@example.org"},
        {"name": "", "mail": "x"},
    ]
    report = run_nodes(project, {
        "rows": rows(*given), "tidy": node("table.standardise", "rows"), "small": node("table.standardise", "tidy", columns=["mail"], case="lower"),
        "once": node("table.deduplicate", "small", keys=["name", "mail"]),
    })  # fmt: skip
    found = arrow_table(project, report, "once").to_pylist()
    assert sorted((row["name"] or "", row["mail"]) for row in found) == [("", "x"), ("Ada Byron", "ada@example.org")]
    assert entry(report, "once")["filtered"] == 1


@pytest.mark.row("M-003-283", met_by="nodes/quality/expect.py")
def test_quality_is_verified_before_and_after_a_transformation(project):
    before = {"type": "row_count", "min": 1}
    after = {"type": "between", "column": "total", "min": 0}
    nodes = {
        "rows": rows({"price": 2, "pieces": 3}, {"price": 2, "pieces": -1}), "before": node("quality.expect", "rows", expectations=[before]),
        "totals": node("table.derive", "before", columns={"total": "price * pieces"}),
        "after": node("quality.expect", "totals", expectations=[after]), "saved": node("sink.file", "after", path="out.csv"),
    }  # fmt: skip
    failed = run_nodes(project, nodes)
    assert (failed.result.cause, failed.result.error.where["node"]) == ("check", "after")
    nodes["before"]["config"] = {"expectations": [{**before, "min": 3}]}
    assert run_nodes(project, nodes).result.error.where["node"] == "before"
    nodes["before"]["config"] = {"expectations": [before]}
    nodes["totals"]["config"] = {"columns": {"total": "abs(price * pieces)"}}
    assert run_nodes(project, nodes).status == "success"


@pytest.mark.row("M-004-07", met_by="nodes/quality/schema.py")
def test_the_columns_that_were_agreed_on_are_enforced_where_data_comes_in(project):
    (project.root / "in.csv").write_text("id,price,extra\n1,2.5,x\n2,cheap,y\n")
    agreed = {"id": "BIGINT", "price": "DOUBLE"}
    nodes = {
        "read": node("source.file", path="in.csv", columns={"price": "DOUBLE"}), "agreed": node("quality.schema", "read", columns=agreed, extra="drop"),
        "saved": node("sink.file", "agreed", path="out.json"),
    }  # fmt: skip
    report = run_nodes(project, nodes)
    assert (report.status, report.result.letters) == ("warning", {"read": 1})
    assert json.loads((project.root / "out.json").read_text()) == [{"id": 1, "price": 2.5}]
    nodes["agreed"]["config"] = {"columns": {**agreed, "day": "DATE"}, "extra": "refuse"}
    assert {"RNL-COLUMN-001", "RNL-COLUMN-004"} <= set(finding_codes(project, nodes))


@pytest.mark.row("M-003-221", met_by="app/profiling.py")
def test_a_profile_tells_types_gaps_extremes_and_patterns_of_every_column(project):
    path = project.root / "in.csv"
    path.write_text("id,country,price\n1,DE,2\n2,DE,4\n3,,6\n4,FR,8\n")
    made = profile_file(project, str(path))
    found = {column["name"]: column for column in made["columns"]}
    assert made["rows"] == 4 and [column["type"] for column in made["columns"]] == ["BIGINT", "VARCHAR", "BIGINT"]
    assert (found["country"]["nulls"], found["country"]["distinct"]) == (1, 2)
    assert found["country"]["top"][0] == {"value": "DE", "count": 2}
    assert (found["price"]["min"], found["price"]["max"], found["price"]["mean"]) == (2, 8, 5.0)
    assert sum(bar["count"] for bar in found["price"]["histogram"]) == 4


@pytest.mark.row(
    "M-003-219", met_by="app/replaying.py",
    deviation="refused records are kept and replayed when somebody asks; retries by themselves come with schedules",
)  # fmt: skip
def test_refused_rows_are_replayed_once_the_pipeline_can_read_them(project):
    given = [{"id": 1, "day": "2024-05-01"}, {"id": 2, "day": "02.05.2024"}]
    read = node("table.parse_date", "rows", columns=["day"])
    nodes = {"rows": rows(*given), "read": read, "saved": node("sink.dataset", "read", name="days", mode="append")}
    first = run_nodes(project, nodes)
    assert first.result.letters == {"read": 1} and project.store.letters.list()[0]["open"] == 1
    read["config"]["formats"] = ["%Y-%m-%d", "%d.%m.%Y"]
    report, count = replay(project, document(project, nodes), first.run_id, "read")
    assert (report.status, count, project.store.letters.list()[0]["open"]) == ("success", 1, 0)
    again = run_nodes(project, {"days": node("source.dataset", name="days")})
    found = arrow_table(project, again, "days").to_pylist()
    assert sorted((row["id"], str(row["day"])) for row in found) == [(1, "2024-05-01"), (2, "2024-05-02")]


FILES = {
    "plain.csv": "id,price\n1,2\n2,three\n3,4\n",
    "titled.csv": "Prices of today\nid;price;note\n1;2;a\n2;three;b, c\n3;4;d\n",
    "array.json": '[{"id": 1, "price": 2},\n{"id": 2, "price": "three"}]',
    "lines.ndjson": '{"id": 1, "price": 2}\n{"id": 2, "price": "three"}\n',
    "tree.xml": "<r><o><id>1</id><price>2</price></o><o><id>2</id><price>three</price></o></r>",
}


@pytest.mark.parametrize("file", FILES)
def test_refused_records_of_a_file_are_replayed_as_they_stood_there(project, file):
    (project.root / file).write_text(FILES[file])
    source = node("source.file", path=file, columns={"price": "BIGINT"})
    chosen = node("table.select", "read", columns=["id", "price"])
    nodes = {"read": source, "chosen": chosen, "saved": node("sink.file", "chosen", path="out.json")}
    first = run_nodes(project, nodes)
    assert (first.result.letters, first.result.error) == ({"read": 1}, None)
    source["config"]["columns"] = {"price": "VARCHAR"}
    report, count = replay(project, document(project, nodes), first.run_id, "read")
    assert (report.status, count) == ("success", 1), report.result.error
    assert json.loads((project.root / "out.json").read_text()) == [{"id": 2, "price": "three"}]
