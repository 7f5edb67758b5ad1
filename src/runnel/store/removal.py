"""Removing a folder or a file so that whoever looks finds it whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from contextlib import suppress
from pathlib import Path

DELETED = ".deleted-"


def remove_whole(path: Path) -> None:
    """Remove a folder or a file, if it is there: it loses its name first."""
    with suppress(FileNotFoundError):
        _remove(path.rename(path.with_name(f"{DELETED}{secrets.token_hex(8)}")))


def sweep(folder: Path) -> None:
    """Remove what removals in a folder left behind when they were killed."""
    for path in folder.iterdir() if folder.exists() else ():
        if path.name.startswith(DELETED):
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
