"""What a stream's process may touch: the files it reads and writes, the network, the connections that its nodes name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.confining import check_path
from runnel.app.streams.outside import outside_of_node
from runnel.app.workers import existing
from runnel.plan.streams import StreamPlan
from runnel.sdk.delivery import StreamSink
from runnel.sdk.fields import ConnectionMark, PathMark, marks_of
from runnel.sdk.node import Node
from runnel.sdk.streaming import StreamSource

if TYPE_CHECKING:
    from runnel.app.project import Project


def _outside(project: Project, plan: StreamPlan) -> Iterator[tuple[str, type[Node], Any]]:
    """Yield (node id, class, config) of every source without end, every sink, and every node that asks."""
    for item in (*plan.scans, *plan.plan.effects, *(step for step in plan.steps if step.asks is not None)):
        node = project.catalog.get(item.kind)
        if node is not None:
            yield item.node, node, node.Config.model_validate(item.config)


def outside_of(project: Project, plan: StreamPlan) -> dict[str, dict[str, Any]]:
    """Return by node what it needs of the outside: the settings of its connections, with their secrets."""
    return {id: outside_of_node(project, node, config) for id, node, config in _outside(project, plan)}


def followed(project: Project, plan: StreamPlan) -> list[str]:
    """Return the names of the datasets that its sources follow."""
    found: list[str] = []
    for _, node, config in _outside(project, plan):
        if issubclass(node, StreamSource):
            found += node.follows(config)
    return found


def reaches_network(project: Project, plan: StreamPlan) -> bool:
    """Tell whether any of the nodes has a connection, or reaches out without one."""
    return any(
        getattr(node, "needs_network", False)
        or any(getattr(config, name) is not None for name in marks_of(node.Config, ConnectionMark))
        for _, node, config in _outside(project, plan)
    )  # fmt: skip


def readable(plan: StreamPlan) -> list[str]:
    """Return the paths that the process reads, besides those that it writes."""
    return existing([path for scan in plan.scans for path in scan.reads])


def writable(project: Project, plan: StreamPlan) -> list[str]:
    """Return the folders that the process writes: those of streams and logs, and where sinks write files."""
    found = [str(project.home / "streams")]
    logs = project.home / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    found.append(str(logs))
    for _, node, config in _outside(project, plan):
        if issubclass(node, StreamSource):
            found += [_changed(project, path, plan.plan.folder) for path in node.changes(config, plan.plan.folder)]
        if issubclass(node, StreamSink):
            for path in node.keeps(config, str(project.home)):
                Path(path).mkdir(mode=0o700, parents=True, exist_ok=True)
                found.append(path)
        for name, mark in marks_of(node.Config, PathMark).items():
            value = getattr(config, name)
            if mark.access == "write" and isinstance(value, str):
                path = Path(os.path.join(plan.plan.folder, value))
                folder = path if not path.suffix else path.parent
                folder.mkdir(parents=True, exist_ok=True)
                found.append(str(folder))
    return found


def _changed(project: Project, path: str, folder: str) -> str:
    """Return a path that a source changes; raises AuthoringError where a server does not grant that."""
    if project.confined:
        check_path(project, path, folder, writes=True)
    return path
