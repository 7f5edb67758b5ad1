"""Recovery: runs whose process died are ended, and what they left half done is removed or finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runnel.app.replaying import end_lost_claims
from runnel.connectors.files.committing import clean

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.store.runs import Run


def recover(project: Project) -> list[Run]:
    """End the runs whose process is gone and return them.

    Half-made outputs of theirs go; dataset versions that they committed get their rows; dead letters that they were
    replaying are open again, or replayed when the run of it had ended well.
    """
    dead = project.store.runs.recover(lambda staging: clean(str(staging), staging.parent.name))
    if dead:
        project.store.datasets.catch_up()
    end_lost_claims(project)
    return dead
