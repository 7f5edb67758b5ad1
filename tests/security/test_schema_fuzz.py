"""Every route of the API with generated requests of every shape: no answer is a fault of the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from building import fresh_folder
from runnel.server.openapi import document
from running import Running, running
from serving import served


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with fresh_folder() as folder:
        (folder / "a.csv").write_text("a,b\n1,x\n2,y\n", "utf-8")
        with running(folder) as made:
            made.post("/pipelines", {"from": {"file": "a.csv"}})
            yield made


def operations() -> list[Any]:
    """Return the operations of the API as its own description has them."""
    with served() as described:
        schema = schemathesis.openapi.from_dict(document(described.app))
    found = [result.ok() for result in schema.get_all_operations()]
    # The stream of events never ends, and the routes of the own session would end it.
    left = re.compile(r"/events$|/auth/(logout|password|sessions|login|setup|register)|/users|/tokens")
    return [operation for operation in found if not left.search(operation.path)]


OPERATIONS = operations()


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
def test_no_request_of_any_shape_breaks_the_server(operation: Any, server: Running):
    headers = {"authorization": server.api.headers["authorization"]}

    @settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        answer = case.call(base_url=server.url, headers=headers, timeout=70)
        assert answer.status_code < 500, f"{case.method} {case.formatted_path}: {answer.status_code} {answer.text[:500]}"
        if answer.status_code >= 400 and answer.content:
            assert "problem+json" in answer.headers["content-type"][0]
            assert "Traceback" not in answer.text

    send()
