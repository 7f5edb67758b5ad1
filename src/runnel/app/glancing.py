"""The first rows of a large file at once, before the whole of it was looked into."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.confining import check_path
from runnel.connectors.files import paths
from runnel.connectors.files.source import FileSource
from runnel.errors import LimitError

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.model.document import NodeDoc

MOST_ROWS = 20
SECONDS = 5
"""A glance that takes longer is none."""


def glance(project: Project, node: NodeDoc, folder: str) -> dict[str, Any] | None:
    """Return columns, the first rows (the text of a JSON array of arrays) and notes; None where no quick look helps."""
    path = node.config.get("path")
    if node.kind != FileSource.kind or not isinstance(path, str) or "${" in path:
        return None
    if project.confined:
        check_path(project, path, folder, writes=False)
    found = paths.expand([path], folder)
    if len(found) != 1 or not Path(found[0]).is_file():
        return None
    payload = {"config": dict(node.config), "id": node.id, "path": found[0], "limit": MOST_ROWS}
    try:
        with project.workers.open(found, [str(project.scratch)], timeout_seconds=SECONDS) as worker:
            return dict(worker.call("glance", payload)) or None
    except LimitError:  # the whole look, which is under way, will tell
        return None
