"""Who may do what, opened on the state folder by the command line, with the server up or down."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from runnel.errors import AuthoringError

if TYPE_CHECKING:
    from runnel.app.access.services import Access


@contextmanager
def access_of(home: Path | None) -> Iterator[Access]:
    """Open users, tokens and the audit log of the project in this folder."""
    from runnel.app.access.services import Access
    from runnel.app.project import Project

    project = Project(Path.cwd(), flags={"home": str(home) if home else None})
    try:
        yield Access.open(project.store, project.environ, project.clock)
    finally:
        project.close()


def given_password() -> str:
    """Return the password on standard input; asked for twice on a terminal."""
    if sys.stdin.isatty():
        return typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise AuthoringError(
            "RNL-ACCESS-003", "there is no password on standard input", 'printf %s "$PASSWORD" | runnel …'
        )
    return password
