"""Rows of a stream traced back to their records over the API of a real server: by an expression, by the row itself; refusals."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from building import fresh_folder
from running import Running, running, until

FLOW = """\
runnel: 1
name: traced
nodes:
  events:
    kind: source.simulate
    config: {columns: {id: sequence, site: "choice(a,o'b)", power: "number(0,25)", note: "choice(nil,ok)"},
             rate_per_second: 200, watermark_delay_seconds: 0.2}
  counted:
    kind: stream.window
    from: events
    config: {size_seconds: 1, group_by: [site], values: {n: count(*), mean: avg(power), least: min(id)}}
  saved: {kind: sink.dataset, from: counted, config: {name: totals}}
  strong: {kind: table.filter, from: events, config: {where: "power > 20"}}
  singles: {kind: sink.dataset, from: strong, config: {name: singles}}
  kept: {kind: sink.dataset, from: strong, config: {name: newest, mode: upsert, key: [site]}}
"""


def rows_of(server: Running, dataset: str) -> list[dict[str, Any]]:
    """The rows as the page of the dataset gets them."""
    answer = server.api.post(f"/datasets/{dataset}/rows", json={"limit": 200, "numbers": "string"})
    if answer.status_code != 200:
        return []
    found = answer.json()
    names = [column["name"] for column in found["columns"]]
    return [dict(zip(names, row, strict=True)) for row in found["rows"]]


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server whose stream has closed windows and was drained."""
    with fresh_folder() as folder:
        (folder / "traced.runnel.yaml").write_text(FLOW, "utf-8")
        with running(folder) as made:
            made.post("/streams/traced/start")
            until(lambda: len(rows_of(made, "totals")) >= 4 and rows_of(made, "newest"), 90)
            made.post("/streams/traced/drain")
            until(lambda: made.get("/streams/traced")["status"] == "drained", 60)
            yield made


def traced(server: Running, **asked: Any) -> dict[str, Any]:
    return server.post("/streams/traced/traces", asked)


def refused(server: Running, **asked: Any) -> tuple[int, str, str]:
    answer = server.api.post("/streams/traced/traces", json=asked)
    told = answer.json()
    return answer.status_code, told["code"], told["what"]


def test_the_row_of_a_window_has_the_records_that_it_counted(server: Running) -> None:
    row = next(row for row in rows_of(server, "totals") if row["site"] == "o'b" and int(row["n"]) > 5)
    found = traced(server, dataset="totals", row=row)
    (made,) = found["rows"]
    assert found["stream"] == "traced" and made["reproduced"] and made["gone"] == []
    assert len(made["records"]) == int(row["n"])
    assert {one["source"] for one in made["records"]} == {"events"}
    assert min(one["columns"]["id"] for one in made["records"]) == int(row["least"])
    first, last = made["epochs"]
    assert 1 <= first <= last <= server.get("/streams/traced")["epoch"]


def test_a_row_of_a_filter_is_found_by_itself_and_by_an_expression_and_has_its_one_record(server: Running) -> None:
    row = next(row for row in rows_of(server, "singles") if row["note"] is None or row["note"] == "nil")
    for asked in ({"row": row}, {"where": f"id = {row['id']} AND site = '{row['site'].replace(chr(39), chr(39) * 2)}'"}):
        (made,) = traced(server, dataset="singles", **asked)["rows"]
        assert made["reproduced"] and [one["columns"]["id"] for one in made["records"]] == [int(row["id"])]
    found = traced(server, dataset="singles", where="power > 20", limit=3)["rows"]
    assert len(found) == 3 and all(one["reproduced"] for one in found)


def test_rows_that_were_given_to_a_sink_are_traced_by_its_epochs(server: Running) -> None:
    row = rows_of(server, "totals")[0]
    last = server.get("/streams/traced")["epoch"]
    found = traced(server, sink="saved", epoch=1, to=last, where=f"least = {row['least']}")["rows"]
    assert [one["row"]["least"] for one in found] == [int(row["least"])] and found[0]["reproduced"]
    (same,) = traced(server, sink="saved", epoch=1, to=last, row={"least": row["least"]})["rows"]
    assert same["records"] == found[0]["records"]


@pytest.mark.parametrize("asked", [
    {"where": "true"}, {"dataset": "totals", "sink": "saved", "where": "true"}, {"dataset": "totals"},
    {"dataset": "totals", "where": "true", "row": {"n": 1}},
])  # fmt: skip
def test_a_question_that_is_not_clear_is_refused(server: Running, asked: dict[str, Any]) -> None:
    assert refused(server, **asked)[:2] == (422, "RNL-STREAM-064")


def test_what_is_not_there_is_named(server: Running) -> None:
    assert refused(server, dataset="nothing", where="true")[0] == 404
    assert server.api.post("/streams/nothing/traces", json={"dataset": "totals", "where": "true"}).status_code == 404
    status, code, what = refused(server, dataset="totals", row={"site": "elsewhere", "n": "17"})
    assert (status, code) == (422, "RNL-STREAM-061") and "is equal to the row" in what and "CAST" not in what
    assert refused(server, dataset="totals", row={"wrong": 1})[:2] == (422, "RNL-COLUMN-001")
    assert refused(server, dataset="totals", row={"n": {"a": [1]}})[:2] == (422, "RNL-STREAM-061")
    assert refused(server, sink="nobody", epoch=1, where="true")[:2] == (422, "RNL-STREAM-047")
    assert refused(server, dataset="totals", where="true", limit=101)[0] == 422
    assert refused(server, dataset="newest", where="true")[:2] == (422, "RNL-STREAM-066")


@pytest.mark.parametrize("where", [
    "wrong = 1", "n > ", "n", "(SELECT count(*) FROM read_text('/etc/passwd')) > 0", "true) UNION SELECT 1 --",
])  # fmt: skip
def test_an_expression_is_checked_against_the_columns_before_it_is_computed(server: Running, where: str) -> None:
    status, code, _ = refused(server, dataset="totals", where=where)
    assert status == 422 and not code.startswith("RNL-STREAM")


def test_questions_are_answered_one_after_the_other_and_too_many_are_refused_while_the_server_goes_on(server: Running) -> None:
    asked = {"dataset": "totals", "where": "n > 0", "limit": 1}
    with ThreadPoolExecutor(7) as pool:
        waiting = [pool.submit(server.api.post, "/streams/traced/traces", json=asked) for _ in range(7)]
        until(lambda: any(one.done() and one.result().status_code == 409 for one in waiting))
        assert server.get("/streams/traced")["status"] == "drained" and not all(one.done() for one in waiting)
        answers = [one.result() for one in waiting]
    assert {answer.status_code for answer in answers} == {200, 409}
    assert sum(answer.status_code == 200 for answer in answers) >= 4
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"RNL-STREAM-072"}


def test_the_dataset_names_the_streams_that_write_it(server: Running) -> None:
    assert server.get("/datasets/totals")["streams"] == ["traced"]
    nodes = "{rows: {kind: source.rows, config: {rows: [{a: 1}]}}, out: {kind: sink.dataset, from: rows, config: {name: plain}}}"
    server.post("/pipelines", {"name": "batch", "document": f"runnel: 1\nname: batch\nnodes: {nodes}\n"})
    assert server.run("batch")["status"] == "success"
    assert server.get("/datasets/plain")["streams"] == []


def test_records_are_for_who_may_see_streams_and_datasets(server: Running) -> None:
    asked = {"dataset": "totals", "where": "n > 0", "limit": 1}
    for scopes, status in ((["datasets.view"], 403), (["streams.view"], 403), (["streams.view", "datasets.view"], 200)):
        token = server.post("/tokens", {"name": "looker", "scopes": scopes})["token"]
        headers = {"authorization": f"Bearer {token}"}
        answer = httpx.post(f"{server.api.base_url}streams/traced/traces", json=asked, headers=headers, timeout=60)
        assert answer.status_code == status, answer.text
