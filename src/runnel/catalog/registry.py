"""Discovery of installed node classes by walking packages and entry points; a broken plugin stops nothing."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
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


def discover(packages: Iterable[str] = BUILT_IN, plugins: bool = True) -> Catalog:
    """Import every module of the built-in packages and of the entry points `runnel.nodes`, and collect node classes.

    Importing the catalogue loads no driver (no duckdb, no pyarrow).
    """
    nodes: dict[str, type[Node]] = {}
    broken: list[BrokenPlugin] = []
    for package in packages:
        for module in _modules(importlib.import_module(package)):
            _collect(module, nodes)
    if plugins:
        _load_plugins(nodes, broken)
    return Catalog(nodes=dict(sorted(nodes.items())), broken=tuple(broken))


def _load_plugins(nodes: dict[str, type[Node]], broken: list[BrokenPlugin]) -> None:
    for point in entry_points(group=GROUP):
        try:
            loaded = point.load()
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
