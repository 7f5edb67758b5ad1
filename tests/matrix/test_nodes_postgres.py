"""Every relational node gives DuckDB's rows on a real PostgreSQL, or says for which configs it does not, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import psycopg
import pytest
from matrix_nodes import FAILED, Given, of_case, of_example, outcome, relational
from node_cases import CASES

from runnel.app import pipelines
from runnel.app.project import Project
from runnel.app.writing import atomic_write
from runnel.catalog import discover
from runnel.catalog.describe import node_support
from runnel.compiler.dialects.render import UnsupportedOperation
from runnel.sdk.node import Node
from runnel.testing import example_project

KINDS = {node.kind: node for node in relational(discover())}

pytestmark = pytest.mark.postgres


@dataclass
class Bench:
    """A project that compiles, and both engines."""

    project: Project
    duck: duckdb.DuckDBPyConnection
    server: psycopg.Connection[Any]


@pytest.fixture(scope="module")
def bench(postgres_address: str) -> Iterator[Bench]:
    duck = duckdb.connect(config={"enable_external_access": "false"})
    duck.execute("SET TimeZone='UTC'")
    with example_project() as project, psycopg.connect(postgres_address, autocommit=True) as server:
        server.execute("SET timezone='UTC'")
        yield Bench(project, duck, server)
    duck.close()


def givens(node: type[Node], folder: str) -> list[Given]:
    """Return the node's examples and its generated cases."""
    cases = [of_case(node.kind, case, folder) for case in CASES.get(node.kind, ())]
    return [*(of_example(node, example, folder) for example in node.examples), *cases]


def declared(node: type[Node], given: Given) -> bool:
    config = node.Config.model_validate(given.nodes["node"].config)
    return "postgres" in node.dialects_of(config)


@pytest.mark.parametrize("kind", KINDS)
def test_nodes_give_duckdbs_rows_on_postgresql_or_declare_that_they_do_not(kind: str, bench: Bench) -> None:
    node, wrong = KINDS[kind], list[str]()
    for example in node.examples:
        for name, text in example.files.items():
            atomic_write(bench.project.root / name, text)
    for given in givens(node, str(bench.project.root)):
        found = outcome(bench.project, bench.duck, bench.server, given)
        if not declared(node, given):
            wrong += [f"{given.title}, {port}: {what}" for port, what in found.items()]
        elif not found:
            wrong.append(f"{given.title}: declared unsupported, but all outputs are the same")
        elif any(what.startswith(f"differs: {FAILED}") for what in found.values()):
            wrong.append(f"{given.title}: the SQL for PostgreSQL is broken: {found}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_declared_configs_are_refused_with_the_declared_reason(kind: str, bench: Bench) -> None:
    node = KINDS[kind]
    for given in givens(node, str(bench.project.root)):
        if not declared(node, given):
            continue
        compiled = pipelines.runnable(bench.project, given.document)
        with pytest.raises(UnsupportedOperation) as caught:
            pipelines.sql(compiled, "node", "postgres")
        config = node.Config.model_validate(given.nodes["node"].config)
        assert caught.value.reason == node.dialects_of(config)["postgres"].reason
        assert len(caught.value.reason) > 10


@pytest.mark.parametrize("kind", KINDS)
def test_limits_are_written_where_some_configs_are_declared(kind: str) -> None:
    node = KINDS[kind]
    answers = {declared(node, given) for given in givens(node, "/nowhere")}
    partly = "postgres" not in node.dialects and True in answers
    assert ("postgres" in node.dialect_limits) == partly
    assert not partly or False in answers, "declare the whole kind: no config of the tests is supported"


def test_every_supported_kind_has_generated_cases() -> None:
    assert not [
        kind for kind, node in KINDS.items() if "postgres" not in node.dialects and len(CASES.get(kind, ())) < 1
    ]
    assert set(CASES) <= set(KINDS)


def test_the_table_of_support_lists_every_relational_kind() -> None:
    table = {row["kind"]: row for row in node_support(discover()) if row["dialect"] == "postgres"}
    assert set(table) == set(KINDS)
    assert all(row["reason"] for row in table.values() if row["outcome"] != "same")
    assert sum(row["outcome"] != "unsupported" for row in table.values()) >= 28
