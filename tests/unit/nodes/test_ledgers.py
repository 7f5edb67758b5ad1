"""Every relational node's example as a whole run: the ledger balances, and its rows are those of the example."""

from __future__ import annotations

import pytest

from runnel.app.runs import RunOptions, run
from runnel.catalog import discover
from runnel.sdk.composite import Composite
from runnel.sdk.node import Ledger
from runnel.sdk.source import Sink, Source
from runnel.testing import example_document

CATALOG = discover()
CASES = [
    (kind, index)
    for kind, node in CATALOG.nodes.items()
    for index in range(len(node.examples))
    if not issubclass(node, Source | Sink | Composite)
]


@pytest.mark.parametrize(("kind", "index"), CASES, ids=[f"{kind}-{index}" for kind, index in CASES])
def test_the_ledger_of_an_example_balances(project, kind, index):
    node = CATALOG.nodes[kind]
    example = node.examples[index]
    report = run(project, example_document(node, example, str(project.root)), RunOptions(use_cache=False))
    gated = any(row.get("fails") for port in node.gates for row in example.expect.get(port, ()))
    assert report.result.cause == ("check" if gated else None), report.result.error
    assert (report.result.error is None) is not gated, report.result.error
    assert report.ledger.balanced, report.ledger.to_json()
    entry = report.ledger.entry("node")
    given = sum(len(rows) for rows in example.given.values())
    assert entry.rows_in == given
    main = next(iter(node.ports(node.Config.model_validate(dict(example.config))).outputs), None)
    if main is None or node.ledger is Ledger.SINK or main.name not in example.expect:
        return
    assert entry.ports.get(main.name) == len(example.expect[main.name])
    assert sum(entry.ports.values()) == entry.rows_out
