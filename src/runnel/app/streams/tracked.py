"""A pipeline drawn once more so that its rows carry the places of their records: a column from the sources to the sinks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runnel.model.document import NodeDoc, Pipeline, Wire

COLUMN = "runnel_from"
"""Places, each `source|position|partition`, one after the other."""
BETWEEN = "\x1e"
PLACE = "_source || '|' || CAST(_position AS VARCHAR) || '|' || _partition"


def tracked(pipeline: Pipeline, sources: Sequence[str]) -> Pipeline:
    """Return a pipeline in which each source's rows have their place, and windows and sessions gather those of theirs.

    A node that names the columns that it passes on is told of it where it is a plain selection; other nodes that leave
    the column out end its way, which shows in the rows.
    """
    names = {source: f"{source}_and_its_place" for source in sources}
    made: dict[str, NodeDoc] = {}
    for id, node in pipeline.nodes.items():
        made[id] = replace(node, wires=tuple(_rewired(wire, names) for wire in node.wires), config=_gathering(node))
        if id in names:
            config = {"columns": {COLUMN: PLACE}}
            made[names[id]] = NodeDoc(names[id], "table.derive", config, (Wire(id),))
    return replace(pipeline, nodes=made, tests=(), lines={})


def _rewired(wire: Wire, names: Mapping[str, str]) -> Wire:
    return replace(wire, node=names[wire.node]) if wire.node in names and wire.output in (None, "output") else wire


def _gathering(node: NodeDoc) -> Mapping[str, Any]:
    config = dict(node.config)
    if node.kind in ("stream.window", "stream.session"):
        return {**config, "values": {**config.get("values", {}), COLUMN: f"string_agg({COLUMN}, '{BETWEEN}')"}}
    if node.kind == "table.select" and isinstance(config.get("columns"), list):
        return {**config, "columns": [*config["columns"], COLUMN]}
    return config


def places_of(text: str | None) -> list[tuple[str, int, str]]:
    """Return the places (source, position, partition) that a row carries, each once."""
    made: dict[tuple[str, int, str], None] = {}
    for one in (text or "").split(BETWEEN):
        if one:
            source, position, partition = one.split("|", 2)
            made[source, int(position), partition] = None
    return list(made)
