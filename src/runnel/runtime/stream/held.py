"""Tables that end, as a stream joins with them: which ones an epoch had, so that it has the same when it is computed again."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.errors import InternalError
from runnel.runtime.stream.files import sync_folder

if TYPE_CHECKING:
    from runnel.runtime.stream.run import StreamRun

FOLDER = "held"
LOST = "RNL-STREAM-019"


@dataclass(frozen=True)
class HeldTable:
    """A table that ends: the file in the stream's folder, named by its content, and what was counted while it was made.

    `counts` are rows by node and port. `versions` are the datasets that it was read from, with their versions.
    """

    file: str
    counts: tuple[tuple[str, str, int], ...] = ()
    versions: Mapping[str, int] = field(default_factory=dict[str, int])

    def to_json(self) -> dict[str, Any]:
        """Return the form that checkpoints keep."""
        return {"file": self.file, "counts": [list(count) for count in self.counts], "versions": dict(self.versions)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> HeldTable:
        """Read the form that checkpoints keep."""
        counts = tuple((str(node), str(port), int(rows)) for node, port, rows in data["counts"])
        return HeldTable(str(data["file"]), counts, {str(name): int(at) for name, at in data["versions"].items()})


Tables = Mapping[str, HeldTable]
"""By segment."""


def tables_to_json(tables: Tables) -> dict[str, dict[str, Any]]:
    """Return plain JSON values."""
    return {segment: table.to_json() for segment, table in tables.items()}


def tables_from_json(data: Mapping[str, Mapping[str, Any]]) -> dict[str, HeldTable]:
    """Read the JSON form."""
    return {segment: HeldTable.from_json(item) for segment, item in data.items()}


def take_in(source: Path, folder: Path) -> str:
    """Copy a file into a stream's folder, durably, and return its name; one that is there already is kept if it is whole."""
    name = f"{FOLDER}/{_digest(source)}"
    target = folder / name
    target.parent.mkdir(exist_ok=True)
    if is_whole(folder, name):
        os.utime(target)
        return name
    part = folder / f"{name}.part"
    shutil.copyfile(source, part)
    with open(part, "rb") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    sync_folder(target.parent)
    return name


def is_whole(folder: Path, name: str) -> bool:
    """Tell whether a file is there, and is what its name says."""
    try:
        return _digest(folder / name) == name.removeprefix(f"{FOLDER}/")
    except FileNotFoundError:
        return False


def forget_old(folder: Path, needed: set[str], seconds: float) -> None:
    """Remove the files that nothing needs, but for those that were put there a short while ago: they may be needed next."""
    for path in (folder / FOLDER).glob("*"):
        with suppress(FileNotFoundError):
            if f"{FOLDER}/{path.name}" not in needed and time.time() - path.stat().st_mtime > seconds:
                path.unlink()


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


class Held:
    """The tables of one run: those that its engines have, those that the last epoch had, and those that the next is to have."""

    def __init__(
        self, tables: Tables, folder: Path, load: Callable[[Tables], None], renewed: Callable[[], Tables | None]
    ) -> None:
        self.loaded: dict[str, HeldTable] = dict(tables)
        self.used: Tables = tables
        self.wanted: Tables = tables
        self._folder = folder
        self._load = load
        self._renewed = renewed

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Note which tables the last epoch had, none where a ledger begins."""
        self.used = tables_from_json(kept)

    def repeat(self, run: StreamRun, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Let an epoch that is computed again have the tables that it had; rows of older versions do not say which."""
        if kept:
            self.turn(run, tables_from_json(kept))
        else:
            self.used = self.wanted

    def look(self) -> None:
        """See whether newer tables are there: the next epoch begins with them."""
        self.wanted = self._renewed() or self.wanted

    def begin(self, run: StreamRun) -> None:
        """Let the epoch that begins have what is wanted."""
        if self.used is not self.wanted or self.loaded != self.wanted:
            self.turn(run, self.wanted)

    def turn(self, run: StreamRun, tables: Tables) -> None:
        """Let engines have these tables; the rows of those that the last epoch did not have are counted.

        Raises InternalError where the file of an older one is gone or damaged.
        """
        other = {segment: table for segment, table in tables.items() if self._file(self.loaded, segment) != table.file}
        for segment, table in other.items():
            if not is_whole(self._folder, table.file):
                what = f"what {segment} gave to join with, as an epoch had it, cannot be read ({table.file})"
                hint = "Rewind the stream to a savepoint or to its beginning; it is computed with what is there now."
                raise InternalError(LOST, what, hint, {"file": str(self._folder / table.file)})
        if other:
            self._load(other)
            run.intake.renew(other)
        self.loaded.update(tables)
        for segment, table in tables.items():
            if self._file(self.used, segment) != table.file:
                for node, port, rows in table.counts:
                    run.counters.add(node, port, rows)
        self.used = tables

    @staticmethod
    def _file(tables: Tables, segment: str) -> str | None:
        return tables[segment].file if segment in tables else None

    def files(self) -> set[str]:
        """Return the names of the files that this run needs, whatever its row names."""
        return {table.file for tables in (self.used, self.wanted) for table in tables.values()}

    def told(self) -> dict[str, int]:
        """Return dataset → the version that rows are joined with now."""
        return {name: version for table in self.used.values() for name, version in table.versions.items()}
