"""Windows into the rows of a node, as the data panel asks for them."""

from __future__ import annotations

import json

import pytest

from running import Running

ROWS = [{"id": number, "quantity": number * 10} for number in range(1, 6)]
PARAMS = {"least": {"type": "integer", "default": 30}}


@pytest.fixture(scope="module")
def orders(server: Running) -> str:
    """Make a pipeline of five rows with a parameter `least`; returns its name."""
    nodes = {"rows": {"kind": "source.rows", "config": {"rows": ROWS}}}
    document = {"runnel": 1, "params": PARAMS, "nodes": nodes}
    return server.post("/pipelines", {"name": "looked_at", "document": json.dumps(document)})["name"]


def test_a_condition_on_what_is_looked_at_may_name_a_parameter(server: Running, orders: str):
    seen = server.post(f"/pipelines/{orders}/preview", {"node": "rows", "where": "quantity >= ${params.least}"})
    assert [row[1] for row in seen["rows"]] == [30, 40, 50]
    assert (seen["matching_rows"], seen["total_rows"]) == (3, 5)


def test_a_condition_that_names_no_parameter_of_the_pipeline_says_which(server: Running, orders: str):
    answer = server.api.post(f"/pipelines/{orders}/preview", json={"node": "rows", "where": "quantity >= ${params.most}"})
    assert answer.status_code == 422 and "most" in answer.text
