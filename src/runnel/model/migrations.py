"""Migrations of the file format: each step takes the plain mapping of one version to the next one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runnel.model.document import FORMAT_VERSION
from runnel.model.places import Lines, Path
from runnel.model.shapes import is_list, is_map

Moves = dict[Path, Path]
Step = Callable[[Mapping[str, Any]], tuple[dict[str, Any], Moves]]


@dataclass(frozen=True)
class Migrated:
    """A mapping in the current format, the version it came from, and the lines of its values."""

    data: Mapping[str, Any]
    version: int
    lines: Lines


def version_of(data: Mapping[str, Any]) -> Any:
    """Return what the document says its format version is; a list of nodes without a version is format 0."""
    if "runnel" in data:
        return data["runnel"]
    return 0 if isinstance(data.get("nodes"), list) else FORMAT_VERSION


def migrate(data: Mapping[str, Any], lines: Lines) -> Migrated:
    """Bring a document whose version is known and not newer to the current format, with its lines."""
    version = int(version_of(data))
    current = data
    for step in range(version, FORMAT_VERSION):
        current, moves = STEPS[step](current)
        lines = _moved(lines, moves)
    return Migrated(current, version, lines)


def _moved(lines: Lines, moves: Moves) -> Lines:
    """Move every path by its longest moved prefix."""
    moved: dict[Path, tuple[int, int]] = {}
    for path, place in lines.items():
        target = path
        for length in range(len(path), 0, -1):
            if path[:length] in moves:
                target = moves[path[:length]] + path[length:]
                break
        moved[target] = place
    return moved


def _from_0(data: Mapping[str, Any]) -> tuple[dict[str, Any], Moves]:
    """Format 0 had `nodes` as a list of `{id, type, inputs, settings}` and `variables` instead of `params`."""
    moves: Moves = {}
    result: dict[str, Any] = {"runnel": 1}
    for key, value in data.items():
        if key == "nodes" and is_list(value):
            result["nodes"] = _nodes_from_0(value, moves)
        elif key == "variables":
            result["params"] = value
            moves[("variables",)] = ("params",)
        elif key != "runnel":
            result[key] = value
    return result, moves


_KEYS_0 = {"type": "kind", "inputs": "from", "settings": "config"}


def _nodes_from_0(nodes: Sequence[Any], moves: Moves) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for place, node in enumerate(nodes):
        if not is_map(node):
            result[f"node_{place + 1}"] = node
            continue
        name = str(node.get("id") or f"node_{place + 1}")
        while name in result:
            name += "_2"
        moves[("nodes", place)] = ("nodes", name)
        result[name] = {_KEYS_0.get(key, key): value for key, value in node.items() if key != "id"}
        for old, new in _KEYS_0.items():
            moves[("nodes", place, old)] = ("nodes", name, new)
    return result


STEPS: tuple[Step, ...] = (_from_0,)
