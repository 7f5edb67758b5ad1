"""One call of the program: the project it works in, parameters from the command line, and how it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runnel.app.project import Project
from runnel.errors import AuthoringError
from runnel.model.findings import Finding


@contextmanager
def project_of(path: str | Path | None, **flags: Any) -> Iterator[Project]:
    """Open the project that a file belongs to (or the current folder), and close it whatever happens."""
    start = Path.cwd() if path is None or str(path) == "-" else Path(path).resolve().parent
    project = Project(start, flags=flags)
    try:
        yield project
    finally:
        project.close()


def source_changes(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings about sources that look otherwise than in the last good run."""
    return [finding for finding in findings if finding.code.startswith("RNL-SCHEMA-")]


def given_params(pairs: Sequence[str]) -> dict[str, str]:
    """Read `--param name=value` options."""
    made: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            what = f"`--param {pair}` has no `=`"
            raise AuthoringError("RNL-CLI-001", what, "Write `--param name=value`.")
        made[name] = value
    return made
