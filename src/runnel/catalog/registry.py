"""Discovery of installed nodes and connectors by walking packages and entry points; a broken plugin stops nothing."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import TypeVar

from runnel.sdk.connector import Connector
from runnel.sdk.node import Node

T = TypeVar("T")

BUILT_IN = ("runnel.nodes", "runnel.connectors")
GROUP = "runnel.nodes"
CONNECTORS = "runnel.connectors"
"""The package of built-in connectors, and the group of entry points of further ones."""


@dataclass(frozen=True)
class BrokenPlugin:
    """An entry point that could not be loaded, with the reason in words."""

    name: str
    error: str


@dataclass(frozen=True)
class Catalog:
    """Every installed kind of node and of connection; plugins that could not be loaded are listed beside."""

    nodes: Mapping[str, type[Node]]
    broken: tuple[BrokenPlugin, ...] = field(default=())
    connectors: Mapping[str, type[Connector]] = field(default_factory=dict[str, type[Connector]])

    def get(self, kind: str) -> type[Node] | None:
        """Return the class of a kind, or None."""
        return self.nodes.get(kind)

    def nearest(self, kind: str) -> str | None:
        """Return the installed kind whose name, title or synonym is nearest to a wrong one."""
        close = difflib.get_close_matches(kind, list(self.nodes), n=1, cutoff=0.6)
        if close:
            return close[0]
        word = kind.rpartition(".")[2].lower()
        for name, node in self.nodes.items():
            words = {name.rpartition(".")[2], node.title.lower(), *node.synonyms}
            if word in words:
                return name
        return None


@dataclass(frozen=True)
class Point:
    """An entry point of the group `runnel.nodes`: its name, and `module` or `module:attribute`."""

    name: str
    value: str


def discover(packages: Iterable[str] = BUILT_IN, plugins: bool = True) -> Catalog:
    """Import every module of the built-in packages and of the entry points `runnel.nodes`, and collect node classes.

    Importing the catalogue loads no driver (no duckdb, no pyarrow).
    """
    nodes, connectors = built_in(packages), built_in_connectors()
    broken: list[BrokenPlugin] = []
    if plugins:
        broken = load_plugins(plugin_points(), nodes) + load_connectors(plugin_points(CONNECTORS), connectors)
    return Catalog(dict(sorted(nodes.items())), tuple(broken), dict(sorted(connectors.items())))


def built_in(packages: Iterable[str] = BUILT_IN) -> dict[str, type[Node]]:
    """Import every module of the packages and return their node classes by kind."""
    nodes: dict[str, type[Node]] = {}
    for package in packages:
        for module in _modules(importlib.import_module(package)):
            _collect(module, nodes)
    return nodes


def built_in_connectors() -> dict[str, type[Connector]]:
    """Import every module of the built-in connectors and return their classes by name."""
    found: dict[str, type[Connector]] = {}
    for module in _modules(importlib.import_module(CONNECTORS)):
        _collect_connectors(module, found)
    return found


def plugin_points(group: str = GROUP) -> list[Point]:
    """Return the entry points of installed plugins."""
    return [Point(point.name, point.value) for point in entry_points(group=group)]


def load_plugins(points: Iterable[Point], nodes: dict[str, type[Node]]) -> list[BrokenPlugin]:
    """Load plugins with nodes into `nodes`; returns those that could not be loaded."""
    return _loaded(points, GROUP, Node, lambda module: _collect(module, nodes), lambda node: nodes.setdefault(node.kind, node))


def load_connectors(points: Iterable[Point], connectors: dict[str, type[Connector]]) -> list[BrokenPlugin]:
    """Load plugins with connectors into `connectors`; returns those that could not be loaded."""
    return _loaded(
        points, CONNECTORS, Connector, lambda module: _collect_connectors(module, connectors),
        lambda connector: connectors.setdefault(connector.name, connector),
    )  # fmt: skip


def _loaded(
    points: Iterable[Point], group: str, kind: type[T], collect: Callable[[ModuleType], None], add: Callable[[type[T]], object]
) -> list[BrokenPlugin]:
    broken: list[BrokenPlugin] = []
    for point in points:
        try:
            loaded = EntryPoint(point.name, point.value, group).load()
            if isinstance(loaded, ModuleType):
                modules = _modules(loaded) if hasattr(loaded, "__path__") else iter([loaded])
                for module in modules:
                    collect(module)
            elif isinstance(loaded, type) and issubclass(loaded, kind):
                add(loaded)
            else:
                broken.append(BrokenPlugin(point.name, f"{point.value} is neither a module nor a {kind.__name__} class"))
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything; it is listed, never fatal
            broken.append(BrokenPlugin(point.name, f"{type(error).__name__}: {error}"))
    return broken


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        yield importlib.import_module(info.name)


def _collect(module: ModuleType, nodes: dict[str, type[Node]]) -> None:
    for value in vars(module).values():
        if not (isinstance(value, type) and issubclass(value, Node)):
            continue
        if value.__module__ == module.__name__ and "kind" in vars(value):
            nodes[value.kind] = value


def _collect_connectors(module: ModuleType, connectors: dict[str, type[Connector]]) -> None:
    for value in vars(module).values():
        if not (isinstance(value, type) and issubclass(value, Connector)):
            continue
        if value.__module__ == module.__name__ and "name" in vars(value):
            connectors[value.name] = value
