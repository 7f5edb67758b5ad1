"""An index of node kinds on disk, so that a new process imports only the modules whose kinds it uses.

The index names, for every built-in kind, its module and class. It holds as long as no module file of the built-in
packages, no folder of `sys.path` and no version of Python changed; else the packages are walked anew. Plugins are few and may
break, so their entry points are remembered and loaded each time.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from runnel.catalog.registry import (
    BUILT_IN,
    CONNECTORS,
    Catalog,
    Point,
    built_in,
    built_in_connectors,
    load_connectors,
    load_plugins,
    plugin_points,
)
from runnel.sdk.connector import Connector
from runnel.sdk.node import Node

T = TypeVar("T")
Places = Mapping[str, tuple[str, str]]
"""Kind → (module, class name)."""

FORMAT = 2
MOST = 4
"""How many installations one file remembers: programs with other module folders share a project."""


def discover_indexed(path: Path) -> Catalog:
    """Return the catalogue of `discover()`, by way of the index file; makes or renews the file where it does not hold."""
    known = _read(path)
    mark = _fingerprint()
    if mark not in known:
        known = {mark: _build(), **dict(list(known.items())[: MOST - 1])}
        _write(path, known)
    found = known[mark]
    nodes: dict[str, type[Node]] = {}
    connectors: dict[str, type[Connector]] = {}
    broken = load_plugins(found.points, nodes) + load_connectors(found.connector_points, connectors)
    return Catalog(_LazyKinds(found.places, nodes), tuple(broken), _LazyKinds(found.connectors, connectors))


@dataclass(frozen=True)
class _Index:
    """Where the built-in kinds of nodes and connections are, and the entry points of plugins."""

    places: Places
    points: tuple[Point, ...]
    connectors: Places
    connector_points: tuple[Point, ...]


class _LazyKinds(Mapping[str, "type[T]"]):
    """Kinds in sorted order; a class is imported when it is asked for."""

    def __init__(self, places: Places, loaded: dict[str, type[T]]) -> None:
        self._places = places
        self._loaded = loaded
        self._kinds = sorted({*places, *loaded})

    def __getitem__(self, kind: str) -> type[T]:
        if kind not in self._loaded:
            module, name = self._places[kind]
            self._loaded[kind] = getattr(importlib.import_module(module), name)
        return self._loaded[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def __contains__(self, kind: object) -> bool:
        return kind in self._places or kind in self._loaded


def _build() -> _Index:
    places = {kind: (node.__module__, node.__name__) for kind, node in built_in().items()}
    connectors = {name: (found.__module__, found.__name__) for name, found in built_in_connectors().items()}
    return _Index(places, tuple(plugin_points()), connectors, tuple(plugin_points(CONNECTORS)))


def _read(path: Path) -> dict[str, _Index]:
    """Return what the file knows by fingerprint; nothing where it is missing, torn or of another format."""
    try:
        return {
            mark: _Index(
                _places(known["nodes"]),
                _points(known["points"]),
                _places(known["connectors"]),
                _points(known["connector_points"]),
            )
            for mark, known in json.loads(path.read_text("utf-8")).items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _places(data: Any) -> Places:
    return {kind: (module, name) for kind, (module, name) in data.items()}


def _points(data: Any) -> tuple[Point, ...]:
    return tuple(Point(name, value) for name, value in data)


def _write(path: Path, known: Mapping[str, _Index]) -> None:
    """Put the file in place whole; where the folder cannot be written to, the next process walks again."""
    text = json.dumps({
        mark: {
            "nodes": index.places, "points": [[point.name, point.value] for point in index.points],
            "connectors": index.connectors,
            "connector_points": [[point.name, point.value] for point in index.connector_points],
        }
        for mark, index in known.items()
    })  # fmt: skip
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        part.write_text(text, "utf-8")
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)


def _fingerprint() -> str:
    """Return what tells this installation from any other: versions, module files, and folders that plugins come into."""
    made: list[object] = [FORMAT, sys.version]
    for package in BUILT_IN:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            made += sorted(_modules(folder))
    for folder in sys.path:
        try:
            made.append([folder, os.stat(folder or ".").st_mtime_ns])
        except OSError:
            made.append([folder, None])
    return hashlib.sha256(json.dumps(made).encode("utf-8", "surrogatepass")).hexdigest()


def _modules(folder: str) -> Iterator[list[object]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _modules(entry.path)
            elif entry.name.endswith(".py"):
                stat = entry.stat()
                yield [entry.path, stat.st_mtime_ns, stat.st_size]
