"""What a file format has to do, the registry of formats, and how a file's format is told from its content."""

from __future__ import annotations

import importlib
import os
import pkgutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from runnel.errors import AuthoringError, InternalError
from runnel.sdk import Connection, DeadLetters, Opened


@dataclass(frozen=True)
class Prepared:
    """One file, ready for a reader: `path` is the file itself, `readable` what readers open (a plain UTF-8 copy, say).

    `encoding` and `packing` say how the file itself is written; `bytes` is its own size.
    """

    path: str
    readable: str
    encoding: str = "utf-8"
    packing: str = ""
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The file's name for sentences."""
        return os.path.basename(self.path)

    @property
    def plain(self) -> bool:
        """Whether the readers open the file itself, so that byte positions are its own."""
        return self.path == self.readable


@dataclass(frozen=True)
class Sniffed:
    """What a look at one file found: columns, resolved options (plain JSON), sentences, and rows if known."""

    columns: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rows: int | None = None


class Workspace:
    """A folder for copies, made when first asked for and removed with the object; lies where the worker may write."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0

    def new(self, suffix: str) -> str:
        """Return the path of a new file."""
        if self._folder is None:
            row = self._connection.execute("SELECT current_setting('temp_directory')").fetchall()[0]
            if not row[0]:
                raise InternalError("RNL-FILE-090", "the worker was given no folder for temporary files")
            self._folder = tempfile.TemporaryDirectory(prefix="files-", dir=row[0], ignore_cleanup_errors=True)
        self._count += 1
        return os.path.join(self._folder.name, f"{self._count}{suffix}")


@dataclass
class Reading:
    """What a format is given besides the files: the connection, the config's options, a folder, the dead letters.

    `lenient` columns are only shown: a value of them that does not fit its type is NULL and refuses nothing.
    """

    connection: Connection
    settings: Any
    workspace: Workspace
    letters: DeadLetters
    id: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    lenient: frozenset[str] = frozenset()
    state: dict[Any, Any] = field(default_factory=dict)
    harvested: set[Any] = field(default_factory=set)


@dataclass(frozen=True)
class Chosen:
    """A file with what was found out about it when it was probed."""

    file: Prepared
    options: Mapping[str, Any]
    columns: Mapping[str, str]


class Format:
    """One file format; stateless. `textual` formats are unpacked and turned into UTF-8 before they are read."""

    name: str
    extensions: tuple[str, ...] = ()
    textual: bool = False

    def sniff(self, file: Prepared, reading: Reading) -> Sniffed:
        """Find columns, types and options of one file."""
        raise NotImplementedError

    def open(self, files: Sequence[Chosen], columns: Mapping[str, str], reading: Reading) -> Opened:
        """Return SQL that yields `columns` of files whose options and columns are alike."""
        raise NotImplementedError

    def finish(self, reading: Reading) -> None:
        """Harvest what the reader refused."""


@cache
def formats() -> Mapping[str, Format]:
    """Return name → format, of every module beside this one that has a `FORMATS`."""
    found: dict[str, Format] = {}
    package = importlib.import_module(__package__ or "")
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        for made in getattr(importlib.import_module(info.name), "FORMATS", ()):
            found[made.name] = made
    return found


def by_name(name: str) -> Format:
    """Return a format by the name that people write."""
    found = formats().get(name)
    if found is None:
        hint = "Known are: " + ", ".join(sorted(formats()))
        raise AuthoringError("RNL-FILE-003", f"there is no file format {name}", hint, {"field": "format"})
    return found


def by_extension(path: str) -> Format | None:
    """Return the format that a file's name says, looking through .gz, .zst and .zip."""
    name = os.path.basename(path).lower()
    for packed in (".gz", ".zst", ".zip", ".bz2"):
        name = name.removesuffix(packed)
    ending = os.path.splitext(name)[1].lstrip(".")
    return next((format for format in formats().values() if ending and ending in format.extensions), None)
