"""Where pipelines on a server may read and write: below the granted folders, never in the state folder, links resolved."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.examples import bundled_folder
from runnel.app.settings import PROJECT_FILE
from runnel.errors import AuthoringError
from runnel.model.findings import Finding, Where
from runnel.sdk.fields import PathMark, marks_of

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.compiler.compile import Compiled
    from runnel.compiler.graph import GraphNode

_MAGIC = re.compile(r"[*?\[]")
_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def visible_environment(project: Project) -> Mapping[str, str]:
    """Return the variables that `${env.X}` may reach: all on the command line, the allowed ones on a server."""
    if not project.confined:
        return project.environ
    allowed = {name for name in project.setting("env_allow") if not name.upper().startswith("RUNNEL_")}
    return {name: value for name, value in project.environ.items() if name in allowed}


def check_path(project: Project, path: str, folder: str, *, writes: bool) -> None:
    """Raise AuthoringError when a path of a pipeline leads outside of what a server grants."""
    if _URL.match(path):
        return
    whole = os.path.join(folder, os.path.expanduser(path))
    found = _MAGIC.search(whole)
    fixed = whole if found is None else os.path.dirname(whole[: found.start()] + "x")
    resolved = Path(os.path.realpath(fixed))
    if not writes and resolved.is_relative_to(bundled_folder()):
        return
    project.within(resolved)
    if resolved == project.home or project.home in resolved.parents:
        raise AuthoringError("RNL-PATH-002", f"{path} lies in the state folder", "Choose a folder of the project.")
    is_hidden = _is_hidden(project, resolved) or _is_hidden(project, Path(os.path.normpath(whole)))
    if not writes and is_hidden:
        hint = "Names that begin with a dot hold settings and secrets; put the data under another name."
        raise AuthoringError("RNL-PATH-004", f"{path} is hidden", hint)
    if writes and (resolved.name == PROJECT_FILE or resolved.name.endswith(".runnel.yaml") or is_hidden):
        hint = "Write data files; pipelines are changed in the editor."
        raise AuthoringError("RNL-PATH-003", f"a run may not write {path}", hint)


def _is_hidden(project: Project, path: Path) -> bool:
    """Whether a name below a granted root begins with a dot."""
    roots = [project.root, *(Path(root).resolve() for root in project.setting("roots"))]
    return any(
        part.startswith(".") for root in roots if path.is_relative_to(root) for part in path.relative_to(root).parts
    )


def check_node(project: Project, node: GraphNode) -> None:
    """Raise AuthoringError, with the field, for a path of a node that leads outside."""
    for field, path, mark in _paths(node):
        try:
            check_path(project, path, node.folder, writes=mark.access == "write")
        except AuthoringError as error:
            error.where.setdefault("field", field)
            raise


def findings_of_paths(project: Project, made: Compiled) -> tuple[Finding, ...]:
    """Return a finding for each node that would read or write outside."""
    found: list[Finding] = []
    for id, node in made.graph.nodes.items():
        try:
            check_node(project, node)
        except AuthoringError as error:
            found.append(Finding(error.code, "error", error.what, error.hint, Where(id, error.where.get("field"))))
    return tuple(found)


def _paths(node: GraphNode) -> Iterator[tuple[str, str, Any]]:
    for field, mark in marks_of(type(node.config), PathMark).items():
        value = getattr(node.config, field)
        for path in value if isinstance(value, list) else [value]:
            if isinstance(path, str):
                yield field, path, mark
