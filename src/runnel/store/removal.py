"""Removing a folder or a file so that whoever looks finds it whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from contextlib import suppress
from pathlib import Path


def remove_whole(path: Path) -> None:
    """Remove a folder or a file, if it is there: it loses its name first."""
    gone = path.with_name(f".gone-{secrets.token_hex(8)}")
    with suppress(FileNotFoundError):
        path.rename(gone)
        if gone.is_dir():
            shutil.rmtree(gone, ignore_errors=True)
        else:
            gone.unlink()
