"""Whole pipelines that transform: from files to files, as the documents describe them."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest

from building import entry, fresh_project, node, rows, run_nodes
from runnel.app.tables import arrow_table


@pytest.fixture
def project():
    with fresh_project() as made:
        yield made


def made_rows(project: Any, report: Any, ref: str) -> list[dict[str, Any]]:
    assert report.result.error is None, report.result.error
    return arrow_table(project, report, ref).to_pylist()


@pytest.mark.row(
    "M-000-68", met_by="nodes/rows/filter.py", deviation="the prices come from rows; the request for them comes with connectors"
)  # fmt: skip
def test_prices_are_filtered_and_their_change_is_calculated(project):
    prices = [
        {"minute": n, "price": price} for n, price in enumerate([29_000.0, 31_000.0, 29_580.0, 29_875.8, 30_000.0])
    ]
    report = run_nodes(project, {
        "prices": rows(*prices), "low": node("table.filter", "prices", where="price < 30000"),
        "change": node("table.window", "low", order_by=["minute"], columns={"percent": "percent_change(price)"}),
    })  # fmt: skip
    found = sorted(made_rows(project, report, "change"), key=lambda row: row["minute"])
    assert [row["minute"] for row in found] == [0, 2, 3]
    assert [row["percent"] and round(row["percent"], 6) for row in found] == [None, 2.0, 1.0]
    assert entry(report, "low")["filtered"] == 2


RAW = """\
Order No;Customer;Total;Ordered
1; ada  BYRON ;10,50;2024-05-01
2;bob;x;2024-05-02
3;;7,00;2024-05-03
4;Cyd Lee;99,90;2024-05-04
"""


@pytest.mark.row("M-003-17", "M-003-262", met_by="nodes/columns/rename.py")
def test_a_source_schema_is_mapped_cleansed_validated_and_written_in_the_schema_of_the_destination(project):
    (project.root / "raw.csv").write_text(RAW)
    columns = {"total": "to_decimal(replace(total, ',', '.'))", "customer": "title_case(customer)"}
    report = run_nodes(project, {
        "raw": node("source.file", path="raw.csv", columns={"Total": "VARCHAR"}),
        "mapped": node("table.rename", "raw", columns={"Order No": "id", "Customer": "customer", "Total": "total", "Ordered": "day"}),
        "tidy": node("table.standardise", "mapped", columns=["customer"]),
        "typed": node("table.derive", "tidy", columns=columns),
        "checked": node("table.validate", "typed", rules=[{"name": "customer known", "check": "customer is not null"}]),
        "shape": node("table.select", "checked.valid", columns=["id", "day", "customer", "total"]),
        "saved": node("sink.file", "shape", path="orders.json"), "refused": node("sink.file", "checked.rejected", path="refused.csv"),
    })  # fmt: skip
    assert report.status == "warning" and report.result.letters == {"typed": 1}, report.result.error
    assert json.loads((project.root / "orders.json").read_text()) == [
        {"id": 1, "day": "2024-05-01", "customer": "Ada Byron", "total": 10.5},
        {"id": 4, "day": "2024-05-04", "customer": "Cyd Lee", "total": 99.9},
    ]
    with open(project.root / "refused.csv", encoding="utf-8", newline="") as file:
        assert [(row["id"], row["_reason"]) for row in csv.DictReader(file)] == [("3", "customer known")]


CUSTOMERS = [{"id": 1, "mail": "ada@example.org"}, {"id": 2, "mail": "bob@example.org"}]


@pytest.mark.row("M-001-12", "M-003-266", "M-004-13", met_by="nodes/tables/join.py")
def test_rows_are_enriched_from_a_file_of_another_system_and_none_gets_lost(project):
    (project.root / "crm.ndjson").write_text('{"email": "ADA@example.org", "segment": "Premium", "spent": 1250.75}\n')
    report = run_nodes(project, {
        "customers": rows(*CUSTOMERS), "crm": node("source.file", path="crm.ndjson"),
        "same": node("table.derive", "crm", columns={"email": "lower(email)"}),
        "joined": node("table.join", {"left": "customers", "right": "same"}, how="left", on={"mail": "email"}),
        "levels": node("table.derive", "joined", columns={"level": "if(spent > 1000, 'gold', 'plain')"}),
    })  # fmt: skip
    found = {row["id"]: (row["segment"], row["spent"], row["level"]) for row in made_rows(project, report, "levels")}
    assert found == {1: ("Premium", 1250.75, "gold"), 2: (None, None, "plain")}


@pytest.mark.row("M-003-265", met_by="connectors/files/sink.py")
def test_data_is_converted_from_format_to_format_and_stays_the_same(project):
    (project.root / "a.csv").write_text('id,name,day\n1,Zoë,2024-02-29\n2,"a ""b"", c",2024-03-01\n')
    before = "a.csv"
    for after in ("b.json", "c.xml", "d.parquet", "e.ndjson", "f.xlsx", "g.avro", "h.csv"):
        nodes = {
            "read": node("source.file", path=before, columns={"day": "DATE"}),
            "written": node("sink.file", "read", path=after),
        }
        assert run_nodes(project, nodes).status == "success", (before, after)
        before = after
    assert (project.root / "h.csv").read_text() == (project.root / "a.csv").read_text()


@pytest.mark.row(
    "M-001-08", "M-003-239", met_by="connectors/files/source.py", deviation="files of this machine; cloud storage comes with connectors"
)  # fmt: skip
def test_a_file_is_taken_in_with_its_columns_types_and_bad_records_apart(project):
    (project.root / "in.csv").write_text("id,price,at\n1,2.5,2024-01-01 10:00:00\n2,3\n3,4.5,2024-01-02 11:30:00\n")
    report = run_nodes(
        project,
        {
            "read": node("source.file", path="in.csv"),
            "sums": node("table.aggregate", "read", values={"n": "sum(price)", "last": "max(at)"}),
        },
    )
    assert report.compiled.typed["read"].schemas["output"] == {"id": "BIGINT", "price": "DOUBLE", "at": "TIMESTAMP"}
    found = made_rows(project, report, "sums")
    assert (found[0]["n"], str(found[0]["last"])) == (7.0, "2024-01-02 11:30:00")
    assert report.result.letters == {"read": 1} and entry(report, "read")["records"] == 3


@pytest.mark.row(
    "M-003-248",
    met_by="connectors/files/sink.py",
    deviation="files of this machine; cloud storage comes with connectors",
)
def test_rows_are_saved_to_a_file_that_is_replaced_or_grows(project):
    def save(mode: str, *values: int) -> None:
        given = rows(*[{"id": value} for value in values])
        assert (
            run_nodes(
                project, {"rows": given, "saved": node("sink.file", "rows", path="out/ids.csv", mode=mode)}
            ).status
            == "success"
        )

    file = project.root / "out" / "ids.csv"
    save("replace", 1)
    save("append", 2, 3)
    assert file.read_text() == "id\n1\n2\n3\n"
    save("replace", 4)
    assert file.read_text() == "id\n4\n"


@pytest.mark.row("M-003-21", met_by="runtime/batch.py")
def test_one_result_is_delivered_to_several_destinations_with_a_version_each_time(project):
    nodes = {
        "rows": rows(*CUSTOMERS), "csv": node("sink.file", "rows", path="out.csv"), "json": node("sink.file", "rows", path="out.json"),
        "set": node("sink.dataset", "rows", name="customers", mode="append"),
    }  # fmt: skip
    for version in (0, 1):
        outputs = {item["node"]: item for item in run_nodes(project, nodes).to_json()["outputs"]}
        assert {name: item["rows"] for name, item in outputs.items()} == {"csv": 2, "json": 2, "set": 2}
        assert outputs["set"]["version"] == version
    assert len((project.root / "out.csv").read_text().splitlines()) == 3
    assert json.loads((project.root / "out.json").read_text()) == CUSTOMERS
    again = {
        "old": node("source.dataset", name="customers", version=0),
        "new": node("source.dataset", name="customers"),
    }
    report = run_nodes(project, again)
    assert (entry(report, "old")["out"], entry(report, "new")["out"]) == (2, 4)


@pytest.mark.row("M-003-178", met_by="compiler/assemble.py")
def test_several_named_sources_of_several_formats_meet_in_one_pipeline(project):
    (project.root / "turbines.csv").write_text("turbine,kw\nt1,1500\nt2,900\n")
    (project.root / "weather.json").write_text('[{"site": "north", "wind": 12.5}]')
    sites = [{"turbine": "t1", "site": "north"}, {"turbine": "t2", "site": "south"}]
    report = run_nodes(project, {
        "turbine_scada": node("source.file", path="turbines.csv"), "weather_station": node("source.file", path="weather.json"),
        "sites": rows(*sites),
        "placed": node("table.join", {"left": "turbine_scada", "right": "sites"}, on=["turbine"]),
        "felt": node("table.join", {"left": "placed", "right": "weather_station"}, how="left", on=["site"]),
    })  # fmt: skip
    found = {row["turbine"]: (row["kw"], row["wind"]) for row in made_rows(project, report, "felt")}
    assert found == {"t1": (1500, 12.5), "t2": (900, None)}
    assert all(entry(report, source)["in"] == 0 for source in ("turbine_scada", "weather_station", "sites"))


@pytest.mark.row(
    "M-003-222", met_by="connectors/datasets/sink.py", deviation="a column of another type stops an append to a dataset"
)  # fmt: skip
def test_a_source_that_gains_loses_and_widens_columns_goes_on_running(project):
    nodes = {
        "read": node("source.file", path="in.csv"), "kept": node("table.filter", "read", where="id > 0"),
        "saved": node("sink.dataset", "kept", name="all", mode="append"),
    }  # fmt: skip
    for text in ("id,price\n1,5\n", "id,price,note\n2,6,new\n", "note,id\nonly,3\n"):
        (project.root / "in.csv").write_text(text)
        assert run_nodes(project, nodes, cache=True).status == "success"
    report = run_nodes(project, {"all": node("source.dataset", name="all")})
    found = sorted(made_rows(project, report, "all"), key=lambda row: row["id"])
    assert found == [
        {"id": 1, "price": 5, "note": None}, {"id": 2, "price": 6, "note": "new"}, {"id": 3, "price": None, "note": "only"}
    ]  # fmt: skip


@pytest.mark.row("M-003-273", met_by="app/pipelines.py")
def test_the_columns_before_and_after_every_node_are_known_without_a_run(project):
    from building import compiled

    made = compiled(project, {
        "read": rows({"id": 1, "price": 2.5}), "more": node("table.derive", "read", columns={"gross": "price * 1.19", "label": "to_text(id)"}),
        "sums": node("table.aggregate", "more", group_by=["label"], values={"n": "count(*)"}),
    })  # fmt: skip
    shapes = {id: item.schemas["output"] for id, item in made.typed.items()}
    assert shapes == {
        "read": {"id": "BIGINT", "price": "DOUBLE"},
        "more": {"id": "BIGINT", "price": "DOUBLE", "gross": "DOUBLE", "label": "VARCHAR"},
        "sums": {"label": "VARCHAR", "n": "BIGINT"},
    }
    assert project.store.runs.list() == []
