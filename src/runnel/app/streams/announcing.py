"""How the processes of a stream hear of newer tables to join with: a small file in its folder."""

from __future__ import annotations

import json
from pathlib import Path

from runnel.app.writing import atomic_write
from runnel.runtime.stream.held import Tables, tables_from_json, tables_to_json

FILE = "held.json"


def announce(folder: Path, tables: Tables, trouble: str) -> None:
    """Tell the processes of a stream of tables, or of why there are no newer ones."""
    atomic_write(folder / FILE, json.dumps({"tables": tables_to_json(tables), "trouble": trouble}))


def forget(folder: Path) -> None:
    """Take back what was announced, before a process starts with the tables of now."""
    (folder / FILE).unlink(missing_ok=True)


class Announced:
    """What the processes of a stream see of newer tables: called, it returns them, None before there were any."""

    def __init__(self, folder: Path) -> None:
        self.trouble = ""
        self._path = folder / FILE
        self._read = 0
        self._tables: Tables | None = None

    def __call__(self) -> Tables | None:
        """Look at the file; it is read where it is another one than before."""
        try:
            stamp = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if stamp != self._read:
            found = json.loads(self._path.read_text("utf-8"))
            self._read, self.trouble = stamp, found["trouble"]
            self._tables = tables_from_json(found["tables"]) if found["tables"] else self._tables
        return self._tables
