"""Datasets over HTTP: columns, versions, profile, lineage, rows by page in four formats."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from running import Running


@pytest.fixture(scope="module")
def published(server: Running) -> Running:
    server.run("shop")
    return server


def test_a_dataset_says_its_columns_versions_and_who_writes_it(published: Running):
    found = published.get("/datasets/revenue")
    assert [column["name"] for column in found["columns"]] == ["region", "revenue"]
    assert found["versions"][0]["rows"] == 2 and found["written_by"][0]["name"] == "shop"
    assert published.api.get("/datasets/nothing").status_code == 404


@pytest.mark.row("M-000-42", "M-000-41", "M-003-127")
def test_rows_come_as_json_csv_parquet_arrow_and_excel(published: Running):
    rows = published.get("/datasets/revenue/data", sort="region")
    assert rows["items"] == [{"region": "north", "revenue": 20.25}, {"region": "south", "revenue": 28.0}]
    csv = published.api.get("/datasets/revenue/data", params={"format": "csv", "sort": "-region"}).text
    assert csv.splitlines()[1].startswith("south,")
    parquet = published.api.get("/datasets/revenue/data", params={"format": "parquet"}).content
    assert pq.read_table(io.BytesIO(parquet)).num_rows == 2
    arrow = published.api.get("/datasets/revenue/data", params={"format": "arrow", "columns": "region"}).content
    assert pa.ipc.open_stream(arrow).read_all().column_names == ["region"]
    excel = published.api.get("/datasets/revenue/data", params={"format": "xlsx"}).content
    assert excel[:2] == b"PK"


def test_rows_are_filtered_and_paged_with_a_cursor(published: Running):
    first = published.get("/datasets/revenue/data", sort="region", limit=1)
    assert first["items"][0]["region"] == "north" and first["total"] == 2
    second = published.get("/datasets/revenue/data", sort="region", limit=1, cursor=first["next"])
    assert second["items"][0]["region"] == "south" and second["next"] is None
    kept = published.get("/datasets/revenue/data", filter="revenue > 25")
    assert [row["region"] for row in kept["items"]] == ["south"]


def test_a_filter_is_an_expression_and_nothing_else(published: Running):
    for text in ("1=1; DROP TABLE x", "(SELECT count(*) FROM read_text('/etc/passwd')) > 0", "region = '", "nope > 1"):
        answer = published.api.get("/datasets/revenue/data", params={"filter": text})
        assert answer.status_code == 422 and answer.json()["findings"], text


def test_columns_are_profiled_and_traced_to_their_sources(published: Running):
    profile = published.post("/datasets/revenue/profile")
    assert {column["name"]: column["distinct"] for column in profile["columns"]} == {"region": 2, "revenue": 2}
    lineage = published.get("/datasets/revenue/lineage", column="revenue")
    sources = {(place["node"], place["column"]) for place in lineage["paths"][0]["sources"]}
    assert sources == {("orders", "price"), ("orders", "quantity")}


def test_texts_that_a_spreadsheet_would_compute_are_defused_unless_raw_is_wanted(published: Running):
    rows = [{"t": text, "n": -5} for text in ("=1+1", "+1", "-1", "@a", "\tx", "'=1", "plain")]
    name = published.post("/pipelines", {"from": {"rows": rows}})["name"]
    node = "pasted"
    safe = published.api.post(f"/pipelines/{name}/export", json={"node": node, "format": "csv"}).text
    raw = published.api.post(f"/pipelines/{name}/export", json={"node": node, "format": "csv", "raw": True}).text
    assert "'=1+1,-5" in safe and "'+1,-5" in safe and "'@a,-5" in safe and "plain,-5" in safe
    assert "\n=1+1,-5" in raw
    published.api.delete(f"/pipelines/{name}")
