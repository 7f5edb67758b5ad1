"""Paused wires by the node at their end: paused once, gone on once, and what becomes of them under another version."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from runnel.store.stream_pauses import StreamPauses, metadata


@pytest.fixture
def pauses() -> StreamPauses:
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    metadata.create_all(engine)
    return StreamPauses(engine)


def nodes(pauses: StreamPauses, name: str = "flow") -> list[tuple[str, str]]:
    return [(item["node"], item["end"]) for item in pauses.of(name)]


def test_a_wire_is_paused_once_and_goes_on_once(pauses):
    assert pauses.pause("flow", "out", "sink", "ada")
    assert not pauses.pause("flow", "out", "sink", "bob")
    assert pauses.of("flow")[0]["actor"] == "ada" and pauses.of("flow")[0]["at"].tzinfo is not None
    assert nodes(pauses, "other") == []
    assert pauses.resume("flow", "out")
    assert not pauses.resume("flow", "out")


def test_a_pause_goes_with_a_renamed_node_and_ends_with_a_node_that_is_gone(pauses):
    for node, end in (("out", "sink"), ("ticks", "source"), ("old", "sink"), ("turned", "sink")):
        pauses.pause("flow", node, end, "ada")
    pauses.pause("other", "old", "sink", None)
    for _ in range(2):  # a process that starts again does it again
        pauses.follow("flow", {"clock": "ticks"}, {"out": "sink", "clock": "source", "turned": "source"})
        assert sorted(nodes(pauses)) == [("clock", "source"), ("out", "sink")]
    assert {item["actor"] for item in pauses.of("flow")} == {"ada"}
    assert nodes(pauses, "other") == [("old", "sink")]
