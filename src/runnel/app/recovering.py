"""Recovery: runs whose process died are ended, and what they left half done is removed or finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runnel.connectors.files.committing import clean

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.store.runs import Run


def recover(project: Project) -> list[Run]:
    """End the runs whose process is gone and return them.

    Half-made outputs of theirs go; dataset versions that they committed get their rows; dead letters that they were
    replaying are open again.
    """
    dead = project.store.runs.recover(lambda staging: clean(str(staging), staging.parent.name))
    if dead:
        project.store.datasets.catch_up()
        _end_claims(project)
    return dead


def _end_claims(project: Project) -> None:
    """Open the dead letters whose replay died before it had a run, or whose run has ended without an answer."""
    from runnel.app.replaying import owner_is_gone

    for run_id, node, reason in project.store.letters.claims():
        if owner_is_gone(project, reason):
            project.store.letters.resolve(run_id, node, reason, None)
