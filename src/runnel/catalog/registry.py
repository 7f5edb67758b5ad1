"""Discovery of installed node classes by walking packages and entry points; a broken plugin stops nothing."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from runnel.sdk.node import Node

BUILT_IN = ("runnel.nodes", "runnel.connectors")
GROUP = "runnel.nodes"


@dataclass(frozen=True)
class BrokenPlugin:
    """An entry point that could not be loaded, with the reason in words."""

    name: str
    error: str


@dataclass(frozen=True)
class Catalog:
    """Every installed node kind; plugins that could not be loaded are listed beside."""

    nodes: Mapping[str, type[Node]]
    broken: tuple[BrokenPlugin, ...] = field(default=())

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
    nodes = built_in(packages)
    broken = load_plugins(plugin_points(), nodes) if plugins else []
    return Catalog(nodes=dict(sorted(nodes.items())), broken=tuple(broken))


def built_in(packages: Iterable[str] = BUILT_IN) -> dict[str, type[Node]]:
    """Import every module of the packages and return their node classes by kind."""
    nodes: dict[str, type[Node]] = {}
    for package in packages:
        for module in _modules(importlib.import_module(package)):
            _collect(module, nodes)
    return nodes


def plugin_points() -> list[Point]:
    """Return the entry points of installed plugins."""
    return [Point(point.name, point.value) for point in entry_points(group=GROUP)]


def load_plugins(points: Iterable[Point], nodes: dict[str, type[Node]]) -> list[BrokenPlugin]:
    """Load plugins into `nodes`; returns those that could not be loaded."""
    broken: list[BrokenPlugin] = []
    for point in points:
        try:
            loaded = EntryPoint(point.name, point.value, GROUP).load()
            if isinstance(loaded, ModuleType):
                modules = _modules(loaded) if hasattr(loaded, "__path__") else iter([loaded])
                for module in modules:
                    _collect(module, nodes)
            elif isinstance(loaded, type) and issubclass(loaded, Node):
                nodes.setdefault(loaded.kind, loaded)
            else:
                broken.append(BrokenPlugin(point.name, f"{point.value} is neither a module nor a Node class"))
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
