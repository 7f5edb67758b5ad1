"""Writing text files so that a reader sees the old text or the new one, never half of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def atomic_write(path: Path, text: str) -> None:
    """Replace a file's text by one rename, keeping its permissions."""
    with _written_beside(path, text) as part:
        os.chmod(part, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(part, path)


def exclusive_write(path: Path, text: str) -> None:
    """Make a new file with its whole text in one step; raises FileExistsError for a path that is there already."""
    with _written_beside(path, text) as part:
        os.chmod(part, 0o644)
        try:
            os.link(part, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links: the name is taken first, then the text put under it
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
            os.replace(part, path)


@contextmanager
def _written_beside(path: Path, text: str) -> Iterator[str]:
    """A synced file with the text in the folder of a path; gone afterwards unless it was given that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        yield name
    finally:
        Path(name).unlink(missing_ok=True)
