"""Who uses which connection, and findings about nodes that name one which is not there, or is of another kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from runnel.model.findings import Edit, Finding, Fix, Where
from runnel.model.shapes import is_map
from runnel.sdk.fields import ConnectionMark, NodeConfig, marks_of

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.compiler.compile import Compiled

FIXED = ("${",)
"""A value that begins so is a reference, which is known only when the pipeline is compiled."""


@lru_cache(maxsize=1000)
def connection_fields(config: type[NodeConfig]) -> tuple[tuple[str, str, ConnectionMark], ...]:
    """Return the fields of a config that name a connection: name in Python, name as written in a document, mark."""
    fields = config.model_fields
    return tuple((name, fields[name].alias or name, mark) for name, mark in marks_of(config, ConnectionMark).items())


def uses_of_connections(project: Project) -> dict[str, list[dict[str, Any]]]:
    """Return by connection the nodes that name it, in files and in drafts that are open."""
    from runnel.app.pipeline_listing import open_documents

    found: dict[str, list[dict[str, Any]]] = {}
    drafts = open_documents(project.store)
    for file in project.pipeline_files.all().values():
        seen: set[tuple[str, str]] = set()
        for document in (file.document, drafts.get(file.name)):
            for connection, node in _named(project, document):
                if (connection, node) not in seen:
                    seen.add((connection, node))
                    use = {"pipeline": file.name, "title": file.title, "node": node}
                    found.setdefault(connection, []).append(use)
    return found


def _named(project: Project, document: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Yield the connection and the node of every place of a document that names one."""
    nodes = (document or {}).get("nodes")
    for id, node in nodes.items() if is_map(nodes) else ():
        kind = project.catalog.get(str(node.get("kind"))) if is_map(node) else None
        config = node.get("config") if is_map(node) else None
        if kind is None or not is_map(config):
            continue
        for _, field, _ in connection_fields(kind.Config):
            value = config.get(field)
            if isinstance(value, str) and not value.startswith(FIXED):
                yield value, str(id)


def findings_of_connections(project: Project, made: Compiled) -> tuple[Finding, ...]:
    """Return a finding for each node whose connection is not there, or is of a kind that it cannot use."""
    named = [
        (id, field, mark, getattr(node.config, name))
        for id, node in made.graph.nodes.items()
        if node.config is not None
        for name, field, mark in connection_fields(type(node.config))
    ]
    named = [entry for entry in named if isinstance(entry[3], str) and entry[3]]
    if not named:
        return ()
    types = {item.name: item.type for item in project.store.connections.list()}
    found: list[Finding] = []
    for id, field, mark, name in named:
        if name in types and mark.takes(types[name]):
            continue
        fitting = [known for known, type in types.items() if mark.takes(type)]
        found.append(_finding(id, field, mark, name, types.get(name), fitting))
    return tuple(found)


def _finding(id: str, field: str, mark: ConnectionMark, name: str, type: str | None, fitting: list[str]) -> Finding:
    import difflib

    close = difflib.get_close_matches(name, fitting, n=1, cutoff=0.5)
    wanted = " or ".join((mark.kind, *mark.kinds))
    if type is None:
        what = f"there is no connection `{name[:100]}`"
    else:
        what = f"the connection `{name[:100]}` is one to {type}, and {wanted} is needed"
    there = (
        f"Connections to {wanted}: {', '.join(fitting[:12])}."
        if fitting
        else f"There is no connection to {wanted} yet."
    )
    hint = (f"Did you mean `{close[0]}`? " if close else "") + there
    only = close or (fitting if len(fitting) == 1 else [])
    fix = None
    if only and "/" not in id:
        fix = Fix(f"Use {only[0]}", (Edit("set", ("nodes", id, "config", field), only[0]),))
    return Finding("RNL-CONN-001", "error", what, hint, Where(id, field), fix)
