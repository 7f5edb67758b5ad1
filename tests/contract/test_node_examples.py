"""Every example of every installed node gives what it says, on the real compiler and engine."""

from __future__ import annotations

import pytest

from runnel.catalog import discover
from runnel.testing import check_example, example_project

CATALOG = discover()
CASES = [(kind, index) for kind, node in CATALOG.nodes.items() for index in range(len(node.examples))]


@pytest.fixture(scope="module")
def project():
    with example_project() as made:
        yield made


@pytest.mark.parametrize(("kind", "index"), CASES, ids=[f"{kind}-{index}" for kind, index in CASES])
def test_example_gives_what_it_says(project, kind, index):
    node = CATALOG.nodes[kind]
    check_example(project, node, node.examples[index])


def test_every_node_has_an_example():
    stored = {"source.dataset"}  # reads what another run published; see tests/integration/store
    without = [kind for kind, node in CATALOG.nodes.items() if not node.examples and kind not in stored]
    assert without == []
