"""Which versions of datasets are named by a pipeline that may run, or followed by a stream, so that retention leaves them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from runnel.errors import RunnelError
from runnel.model.loading import load_file
from runnel.store.runs import OPEN
from runnel.store.tables import pipelines, runs, versions

if TYPE_CHECKING:
    from runnel.app.project import Project

KIND = "source.dataset"
Named = dict[str, set[int] | None]


def versions_in_use(project: Project) -> Named:
    """Return dataset → the versions that are named, or None for all of them: a parameter says which one.

    Looked at are the newest version of every pipeline that ran, the versions of live runs, and the files of the project;
    and where streams stand that follow a dataset: they have all versions from there on.
    """
    found: Named = {}
    for name, first in _followed(project).items():
        if name in project.store.datasets.names():
            kept = project.store.datasets.show(name)["versions"]
            found[name] = {entry["version"] for entry in kept if entry["version"] >= first}
    for config in (*_stored(project), *_in_files(project)):
        name, version = config.get("name"), config.get("version")
        if not isinstance(name, str) or version is None:
            continue
        if "${" in name or not isinstance(version, int):
            for each in [item["name"] for item in project.store.datasets.list()] if "${" in name else [name]:
                found[each] = None
        elif (known := found.setdefault(name, set())) is not None:
            known.add(version)
    return found


def _stored(project: Project) -> Iterator[Mapping[str, Any]]:
    newest = sa.select(pipelines.c.latest_version)
    live = sa.select(runs.c.version).where(runs.c.status.in_(OPEN))
    query = sa.select(versions.c.graph_definition).where(versions.c.id.in_(newest) | versions.c.id.in_(live))
    with project.store.engine.connect() as connection:
        graphs = connection.execute(query).scalars().all()
    for graph in graphs:
        for node in graph.get("nodes", {}).values():
            if node.get("kind") == KIND:
                yield node.get("config", {})


def _in_files(project: Project) -> Iterator[Mapping[str, Any]]:
    for file in project.root.rglob("*.runnel.yaml"):
        try:
            pipeline, _ = load_file(file)
        except (RunnelError, OSError):
            continue
        for node in pipeline.nodes.values() if pipeline is not None else ():
            if node.kind == KIND:
                yield node.config


def _followed(project: Project) -> dict[str, int]:
    """Return dataset → the first version that a stream may still read, as the positions of streams have it."""
    from runnel.app.streams.telling import rows_of

    store = rows_of(project)
    try:
        rows = [record["row"] for item in store.list() if (record := store.get(item["name"])) is not None]
    finally:
        store.close()
    found: dict[str, int] = {}
    for detail in _details(rows):
        name, version = detail.get("dataset"), detail.get("version")
        if isinstance(name, str) and isinstance(version, int) and not detail.get("done"):
            found[name] = min(version, found.get(name, version))
    return found


def _details(value: Any) -> Iterator[Mapping[str, Any]]:
    """Return what stands beside the numbers of positions, wherever they are in a row."""
    if isinstance(value, Mapping):
        if isinstance(value.get("detail"), Mapping):
            yield value["detail"]
        for item in value.values():
            yield from _details(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _details(item)
