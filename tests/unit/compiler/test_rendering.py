"""The SQL that people see, against golden files; RUNNEL_GOLDEN=1 writes them anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from building import compiled, fresh_project, node, rows
from runnel.app.pipelines import sql
from runnel.errors import AuthoringError

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "sql"
ORDERS = rows({"id": 1, "customer": 7, "status": "paid", "price": 1.5, "quantity": 2}, id="BIGINT", customer="BIGINT",
              status="VARCHAR", price="DECIMAL(10,2)", quantity="BIGINT")  # fmt: skip
CUSTOMERS = rows({"customer": 7, "country": "DE"}, customer="BIGINT", country="VARCHAR")
PIPELINES: dict[str, dict[str, Any]] = {
    "revenue": {
        "orders": ORDERS, "customers": CUSTOMERS,
        "paid": node("table.filter", "orders", where="status = 'paid' and quantity > 0"),
        "joined": node("table.join", {"left": "paid", "right": "customers"}, how="left", on=["customer"]),
        "totals": node("table.aggregate", "joined", group_by=["country"], values={"orders": "count(*)", "revenue": "sum(price * quantity)"}, on_error="fail"),
        "sorted": node("table.sort", "totals", by=["-revenue", "country"]),
    },
    "routes": {
        "orders": ORDERS,
        "routed": node("table.route", "orders", routes={"large": "quantity >= 10", "small": "quantity >= 1"}),
        "named": node("table.rename", "routed.small", columns={"id": "order id"}),
        "back": node("table.select", "routed.rest", columns=["id"]),
        "small": node("table.select", "named", columns=["order id"]),
        "small_id": node("table.rename", "small", columns={"order id": "id"}),
        "both": node("table.union", ["small_id", "back"]),
        "each": node("table.distinct", "both"),
    },
    "names": {
        "orders": ORDERS,
        "odd": node("table.derive", "orders", columns={'a "quoted" name': "price * 2", "select": "upper(status)"}, on_error="fail"),
        "first": node("table.top_n", "odd", rows=3, by=["-select", "id"], group_by=["customer"]),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def project():
    with fresh_project() as made:
        yield made


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
@pytest.mark.parametrize("name", PIPELINES)
def test_the_shown_sql_is_the_golden_one(project, name, dialect):
    made = compiled(project, PIPELINES[name])
    assert made.valid, made.findings
    text = sql(made, None, dialect)["sql"] + "\n"
    file = GOLDEN / f"{name}.{dialect}.sql"
    if os.environ.get("RUNNEL_GOLDEN"):
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")
    assert "OFFSET 0" not in text and "runnel_dead_letter" not in text.lower(), "fences and taps never show"


@pytest.mark.parametrize("name", PIPELINES)
def test_the_shown_sql_runs_as_it_stands_over_tables_of_the_sources_names(project, name):
    made = compiled(project, PIPELINES[name])
    connection = duckdb.connect()
    for id, item in made.typed.items():
        if item.node.kind == "source.rows":
            columns = ", ".join(f'"{column}" {type}' for column, type in item.schemas["output"].items())
            connection.execute(f'CREATE TABLE "{id}" ({columns})')
    shown = sql(made, None, "duckdb")
    assert [item[0] for item in connection.execute(shown["sql"]).description] == [column["name"] for column in shown["columns"]]


def test_an_unknown_dialect_is_refused(project):
    with pytest.raises(AuthoringError):
        sql(compiled(project, PIPELINES["revenue"]), None, "cobol")
