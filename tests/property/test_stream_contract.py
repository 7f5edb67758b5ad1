"""Every kind says how it behaves over rows without end, and rows that go on keep the metadata of their record."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest
from stream_law import at_once, compiled

from runnel.catalog import discover
from runnel.connectors.literals import rows_table
from runnel.sdk.asking import AskingNode
from runnel.sdk.node import Example, Ledger, Node, Streaming
from runnel.sdk.source import Source
from runnel.sdk.stateful import StatefulNode

CATALOG = discover()
MAKERS = {"pipeline.run"}  # replaced by its inner nodes before anything is compiled


def inner(node: type[Node]) -> bool:
    return not issubclass(node, Source) and node.ledger not in (Ledger.SOURCE, Ledger.SINK) and node.kind not in MAKERS


def unbounded_port(node: type[Node], example: Example) -> tuple[str | None, list[str]]:
    """The input port at which rows may be without end, and what the node says about the others."""
    config = node.Config.model_validate(dict(example.config))
    reasons = []
    for port in example.given:
        reason = node.refuses_stream(config, frozenset((port,)))
        if reason is None:
            return port, reasons
        reasons.append(reason)
    return None, reasons


CASES = [
    (kind, index)
    for kind, node in CATALOG.nodes.items() if inner(node) and node.streaming is Streaming.STATELESS
    for index, example in enumerate(node.examples) if example.given and unbounded_port(node, example)[0] is not None
]  # fmt: skip


def typed(rows: Any, types: Any) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Rows of an example as a source without end gives them: their types, and typed values."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    found = connection.sql(f"SELECT * FROM {rows_table(connection, 'rows', [dict(row) for row in rows], dict(types), None)}")
    return dict(zip(found.columns, map(str, found.types), strict=True)), found.to_arrow_table().to_pylist()


@pytest.mark.parametrize(("kind", "index"), CASES, ids=[f"{kind}-{index}" for kind, index in CASES])
@pytest.mark.row("M-003-280", "M-004-13")
def test_rows_that_a_stateless_node_passes_on_keep_their_metadata(kind, index):
    node, example = CATALOG.nodes[kind], CATALOG.nodes[kind].examples[index]
    stream, _ = unbounded_port(node, example)
    assert stream is not None
    lines, wires, given = [], [], {}
    for port, rows in example.given.items():
        types = example.types.get(port, {})
        if port == stream:
            columns, values = typed(rows, types)
            given[port] = (columns, [("p0", row) for row in values])
            lines.append(f"  in_{port}: {{kind: source.given, config: {{name: {port}}}}}")
        else:
            config = json.dumps({"rows": [dict(row) for row in rows], **({"columns": dict(types)} if types else {})})
            lines.append(f"  in_{port}: {{kind: source.rows, config: {config}}}")
        wires.append(f"{port}: in_{port}")
    lines.append(f"  node: {{kind: {kind}, from: {{{', '.join(wires)}}}, config: {json.dumps(dict(example.config))}}}")
    ports = list(example.expect)
    for number, port in enumerate(ports):
        origin = f"node.{port}" if port else "node"
        lines.append(f"  seen{number}: {{kind: table.derive, from: {origin}, config: {{columns: {{_m: _event_time, _p: _position}}}}}}")
        lines.append(f"  out{number}: {{kind: sink.dataset, from: seen{number}, config: {{name: o{number}, mode: append}}}}")
    made = at_once(compiled("runnel: 1\nname: law\nnodes:\n" + "\n".join(lines) + "\n", given))
    for number in range(len(ports)):
        rows = [dict(row) for row in made[f"out{number}"].elements()]
        assert len(rows) == len(example.expect[ports[number]])
        assert [row for row in rows if row["_m"] is None or row["_p"] is None] == []


@pytest.mark.parametrize("kind", [kind for kind, node in CATALOG.nodes.items() if inner(node)])
def test_every_kind_bears_rows_without_end_or_says_in_words_why_not(kind):
    node = CATALOG.nodes[kind]
    assert (node.streaming is Streaming.STATEFUL) == issubclass(node, StatefulNode)
    for example in node.examples:
        port, reasons = unbounded_port(node, example)
        if port is None and not issubclass(node, StatefulNode):
            assert reasons and all(len(reason.split()) >= 4 for reason in reasons)


def test_every_stateful_node_has_an_example_and_a_port_for_late_rows():
    for node in CATALOG.nodes.values():
        if issubclass(node, AskingNode):
            assert "missing" in node.outputs  # what another system answers is no example, and no row is too late for it
        elif issubclass(node, StatefulNode):
            assert node.examples and "late" in node.outputs
            assert node.ledger in (Ledger.PASSED, Ledger.SUBSET, Ledger.ABSORBED)
