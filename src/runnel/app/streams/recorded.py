"""A stream as it was at the end of some epochs: its version then, and the tables that its rows were joined with then."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.pipelines import Document, InvalidPipelineError, runnable
from runnel.app.streams.accounting import document_of
from runnel.app.streams.bounded import held_in
from runnel.app.streams.renewing import tables_of, versions_of
from runnel.app.streams.tracked import tracked
from runnel.connectors.datasets.source import DatasetSource
from runnel.plan.streams import StreamPlan
from runnel.runtime.stream.held import HeldTable, is_whole, tables_from_json, take_in

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.compiler.compile import Compiled


@dataclass(frozen=True)
class Recorded:
    """A version, compiled: `plan` as it ran, `traced` with the places of records in its rows (None where that cannot be drawn).

    `held` are the tables to join with by segment, in a folder of the caller's. `gone` names those that are not what they were.
    """

    version: str
    plan: StreamPlan
    traced: StreamPlan | None
    held: Mapping[str, HeldTable] = field(default_factory=dict[str, HeldTable])
    gone: tuple[Mapping[str, str], ...] = ()


def version_at(record: Mapping[str, Any], place: Mapping[str, Any]) -> str:
    """Return the version that a stream ran at a boundary; boundaries of old do not say it, and are of the one that it runs."""
    return str(place["counters"].get("version") or record["version"])


def recorded(
    project: Project, record: Mapping[str, Any], place: Mapping[str, Any], kept_in: Path, folder: Path
) -> Recorded:
    """Return the stream as it was at a boundary (`place`), whose files are kept in a folder; tables are put into another.

    Datasets to join with are read in the version that they had, files as the stream keeps them; what is not there any more is
    read as it is now, and named. Raises InvalidPipelineError where the version cannot be compiled any more.
    """
    version, then = version_at(record, place), tables_from_json(place.get("held", {}))
    document = document_of(project, {**record, "version": version})
    versions = {name: at for table in then.values() for name, at in table.versions.items()}
    plan, traced = _plans(project, record, document)
    if _others(plan, versions):
        with suppress(InvalidPipelineError):  # a version is not kept any more: told below where its table is not either
            plan, traced = _plans(project, record, _pinned(document, plan, versions))
    held = held_in(folder, project, plan) | ({} if traced is None else held_in(folder, project, traced))
    gone: dict[str, int] = {}
    for segment, table in then.items():
        if segment in held and is_whole(kept_in, table.file):
            held[segment] = replace(held[segment], file=take_in(kept_in / table.file, folder))
        else:
            gone |= _others(plan, table.versions)
    return Recorded(version, plan, traced, held, tuple(_not_kept(name, at) for name, at in gone.items()))


def _plans(project: Project, record: Mapping[str, Any], document: Document) -> tuple[StreamPlan, StreamPlan | None]:
    compiled: Compiled = runnable(project, document, record["params"] or {})
    plan = compiled.stream_plan()
    carrying = Document(tracked(compiled.pipeline, [scan.node for scan in plan.scans]), (), compiled.folder)
    try:
        return plan, runnable(project, carrying, record["params"] or {}).stream_plan()
    except InvalidPipelineError:
        return plan, None


def _others(plan: StreamPlan, versions: Mapping[str, int]) -> dict[str, int]:
    """Return the datasets, with their versions, that a plan reads in other ones."""
    return {name: at for name, at in versions.items() if versions_of(plan).get(name) != at}


def _pinned(document: Document, plan: StreamPlan, versions: Mapping[str, int]) -> Document:
    """Return the pipeline joining with datasets in some versions."""
    if document.pipeline is None:
        return document
    wanted = {scan.node: versions.get(str(scan.config["name"])) for scan in tables_of(plan) if scan.kind == DatasetSource.kind}
    nodes = {
        id: node if wanted.get(id) is None else replace(node, config={**node.config, "version": wanted[id]})
        for id, node in document.pipeline.nodes.items()
    }
    return replace(document, pipeline=replace(document.pipeline, nodes=nodes))


def _not_kept(name: str, version: int) -> dict[str, str]:
    return {"source": name, "what": f"version {version}, which rows were joined with, is not kept any more: the newest was taken"}
