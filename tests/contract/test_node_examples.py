"""Every example of every installed node gives what it says, on the real compiler and engine."""

from __future__ import annotations

import base64

import pytest

from runnel.catalog import discover
from runnel.sdk.fields import ConnectionMark, marks_of
from runnel.testing import check_example, example_project

CATALOG = discover()
CASES = [(kind, index) for kind, node in CATALOG.nodes.items() for index in range(len(node.examples))]


@pytest.fixture(scope="module")
def project():
    with example_project() as made:
        made.store.secrets.set("webhook", "whsec_" + base64.b64encode(bytes(32)).decode())
        yield made


@pytest.mark.parametrize(("kind", "index"), CASES, ids=[f"{kind}-{index}" for kind, index in CASES])
def test_example_gives_what_it_says(project, kind, index):
    node = CATALOG.nodes[kind]
    check_example(project, node, node.examples[index])


def test_every_node_has_an_example():
    stored = {"source.dataset", "source.dataset_changes"}  # read what another run published; see tests/integration/store
    live = {"sink.channel"}  # publishes what has no end; see tests/integration/sinks
    outside = {kind for kind, node in CATALOG.nodes.items() if marks_of(node.Config, ConnectionMark)}  # need a server
    without = [kind for kind, node in CATALOG.nodes.items() if not node.examples and kind not in stored | live | outside]
    assert without == []
