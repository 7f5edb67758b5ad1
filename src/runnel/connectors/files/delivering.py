"""Files as targets of streams: text files grow epoch by epoch, others are folders of files; each epoch stands there once.

A text file grows at a known place and is synced before a small file beside it says how long it is with which epoch; what is
longer after a crash is cut. Other formats get one file per delivery: written elsewhere, synced, noted as prepared, then renamed.
Every owner has a note of its own, named by its token, and the newest counts: one that was frozen while another took over
writes the same bytes at the same place, or sees the newer note and ends.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runnel.connectors.files import paths
from runnel.connectors.files.writing import packing_of, writers
from runnel.errors import AuthoringError, ConnectorError, InternalError
from runnel.sdk.delivery import Delivered, DeliveryContext, EpochRows

GROWING = ("csv", "tsv", "ndjson", "text")
ROWS = "rows of epochs"


def delivery_of(config: Any, format: str, context: DeliveryContext) -> GrowingFile | PartFiles:
    """Return what delivers into the path of a config."""
    target = Path(os.path.realpath(paths.absolute(config.path, context.folder)))
    settings = config.model_copy(update={"format": format})
    if format in GROWING and packing_of(config) == "none" and not config.partition_by:
        return GrowingFile(settings, target, context)
    return PartFiles(settings, target, context)


class _Staging:
    """Writes rows of epochs as a file in a scratch folder."""

    def __init__(self, config: Any, context: DeliveryContext) -> None:
        import duckdb

        self.config = config
        self.types = dict(context.types)
        self.folder = context.scratch
        self.connection = duckdb.connect(":memory:", config={"threads": "1"})
        self.connection.execute("SET TimeZone = 'UTC'")

    def write(self, epochs: Sequence[EpochRows]) -> tuple[Path, Any]:
        """Return the scratch folder, to be removed, and what was written."""
        import pyarrow as pa

        self.connection.register(ROWS, pa.concat_tables([item.rows for item in epochs]))
        folder = tempfile.mkdtemp(dir=self.folder)
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in self.types)
        query = f'SELECT {names} FROM "{ROWS}"'
        made = writers()[self.config.format](self.connection, query, folder, self.types, self.config)
        return Path(folder), made

    def close(self) -> None:
        self.connection.close()


class GrowingFile:
    """One text file that grows; implements `sdk.Delivery`."""

    def __init__(self, config: Any, target: Path, context: DeliveryContext) -> None:
        self.config = config
        self.target = target
        self.context = context
        self.notes = _Notes(target.parent, f".{target.name}.runnel", context)
        self.staging = _Staging(config, context)
        self.bytes = 0
        self.epoch = 0
        self._replaces = False

    def open(self) -> Delivered:
        """Cut the file to what its note says; a stream that is new to it begins as the mode tells.

        What is to be replaced stays until there are rows in its place.
        """
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            told = self.notes.read()
            if told.get("app") != self.context.app:
                self._begin()
            else:
                self.epoch, self.bytes = int(told["epoch"]), int(told["bytes"])
                self._tell()
                self._cut()
        except OSError as error:
            raise _failed(self.target, error) from error
        return Delivered(self.epoch)

    def _begin(self) -> None:
        there = self.target.stat().st_size if self.target.exists() else 0
        if there and self.config.mode == "new":
            what = f"{self.config.path} is there already"
            raise AuthoringError("RNL-FILE-027", what, "Choose another path, or the mode replace or append.")
        self._replaces = bool(there) and self.config.mode != "append"
        self.epoch, self.bytes = 0, there if self.config.mode == "append" else 0
        if not self._replaces:
            self._cut()
            self._tell()

    def _cut(self) -> None:
        with open(self.target, "ab") as file:
            size = file.tell()
            if size < self.bytes:
                what = f"{self.target} has {size} bytes, and {self.bytes} were written by this stream"
                raise ConnectorError("RNL-FILE-028", what, "Somebody cut it: rewind the stream, or put the file back.")
            if size > self.bytes:
                file.truncate(self.bytes)
            file.flush()
            os.fsync(file.fileno())

    def _tell(self) -> None:
        self.notes.write({"epoch": self.epoch, "bytes": self.bytes})

    def deliver(self, epochs: Sequence[EpochRows]) -> Delivered:
        """Write the epochs after the last one behind it, sync, and note it."""
        self.notes.check()
        fresh = [item for item in epochs if item.epoch > self.epoch]
        if not fresh:
            return Delivered(self.epoch)
        folder, made = self.staging.write(fresh)
        try:
            if self._replaces:
                self._cut()
                self._tell()
                self._replaces = False
            skip = int(made.detail.get("header_bytes", 0)) if self.bytes else 0
            with open(folder / made.path, "rb") as source, open(self.target, "r+b") as file:
                source.seek(skip)
                file.seek(self.bytes)
                shutil.copyfileobj(source, file, 1 << 20)
                file.flush()
                os.fsync(file.fileno())
                end = file.tell()
            self.notes.check()
            self.epoch, self.bytes = fresh[-1].epoch, end
            self._tell()
        except OSError as error:
            raise _failed(self.target, error) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return Delivered(self.epoch)

    def close(self) -> None:
        """Give the connection back."""
        self.staging.close()


class PartFiles:
    """A folder of files, one or more for each delivery; implements `sdk.Delivery`."""

    def __init__(self, config: Any, target: Path, context: DeliveryContext) -> None:
        self.config = config
        self.target = target
        self.context = context
        self.notes = _Notes(target, f".runnel-{context.app}.json", context)
        self.staging = _Staging(config, context)
        self.epoch = 0
        self._replaces = False

    def open(self) -> Delivered:
        """Finish what was prepared, and return the last epoch; what is to be replaced stays until there are rows for it."""
        try:
            self.target.mkdir(parents=True, exist_ok=True)
            if not (told := self.notes.read()):
                self._begin()
            self._finish(told.get("prepared") or {})
            self.epoch = int(told.get("epoch", 0))
            if not self._replaces:
                self._tell({})
        except OSError as error:
            raise _failed(self.target, error) from error
        return Delivered(self.epoch)

    def _begin(self) -> None:
        """Begin as the mode tells: files of others go (replace), stay (append), or are in the way (new)."""
        others = [path for path in self.target.rglob("*") if path.is_file() and not path.name.startswith(".")]
        if others and self.config.mode == "new":
            what = f"{self.config.path} holds files already"
            raise AuthoringError("RNL-FILE-027", what, "Choose another path, or the mode replace or append.")
        self._replaces = bool(others) and self.config.mode == "replace"

    def _remove_others(self) -> None:
        """Remove what is to be replaced, now that there are rows in its place."""
        for path in self.target.rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                path.unlink()
        self._replaces = False

    def _tell(self, prepared: Mapping[str, str]) -> None:
        self.notes.write({"epoch": self.epoch, "prepared": dict(prepared)})

    def _finish(self, prepared: Mapping[str, str]) -> None:
        for temporary, final in prepared.items():
            if (self.target / temporary).exists():
                (self.target / final).parent.mkdir(parents=True, exist_ok=True)
                os.replace(self.target / temporary, self.target / final)
        _sync(self.target)

    def deliver(self, epochs: Sequence[EpochRows]) -> Delivered:
        """Write the epochs after the last one: temporary files, the note, the names."""
        self.notes.check()
        fresh = [item for item in epochs if item.epoch > self.epoch]
        if not fresh:
            return Delivered(self.epoch)
        folder, made = self.staging.write(fresh)
        last = fresh[-1].epoch
        try:
            prepared = self._prepared(folder / made.path, last)
            self.notes.check()
            if self._replaces:
                self._remove_others()
            self.epoch = last
            self._tell(prepared)
            self._finish(prepared)
        except OSError as error:
            raise _failed(self.target, error) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return Delivered(self.epoch)

    def _prepared(self, made: Path, epoch: int) -> dict[str, str]:
        """Copy what was made beside its target under hidden names; returns hidden name → name."""
        files = [path for path in made.rglob("*") if path.is_file()] if made.is_dir() else [made]
        found: dict[str, str] = {}
        stem = f"part-{self.context.app.split('-')[0][:8]}-{epoch:012d}"
        for number, path in enumerate(sorted(files)):
            inner = path.relative_to(made).parent if made.is_dir() else Path(".")
            temporary = f".{stem}-{number}-{self.context.token}.part"
            with open(path, "rb") as source, open(self.target / temporary, "wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
                file.flush()
                os.fsync(file.fileno())
            found[temporary] = str(inner / f"{stem}-{number}{_ending(self.config)}")
        _sync(self.target)
        return found

    def close(self) -> None:
        """Give the connection back."""
        self.staging.close()


def _ending(config: Any) -> str:
    packed = {"gzip": ".gz", "zstd": ".zst"}.get(packing_of(config), "") if config.format != "parquet" else ""
    return {"excel": ".xlsx", "text": ".txt"}.get(config.format, f".{config.format}") + packed


class _Notes:
    """What owners noted of one target, each in a file of its own; the note of the newest token counts."""

    def __init__(self, folder: Path, name: str, context: DeliveryContext) -> None:
        self.folder = folder
        self.name = name
        self.context = context

    def read(self) -> dict[str, Any]:
        """Return the newest note of this incarnation, else one of another, else nothing; raises InternalError: overtaken."""
        found = sorted(self._all(), key=lambda item: (item[2].get("app") == self.context.app, item[0]))
        if not found:
            return {}
        token, _, told = found[-1]
        if token > self.context.token and told.get("app") == self.context.app:
            raise self._overtaken()
        return told

    def check(self) -> None:
        """Raise InternalError where a later owner of this incarnation has noted something."""
        self.read()

    def _all(self) -> list[tuple[int, Path, dict[str, Any]]]:
        found: list[tuple[int, Path, dict[str, Any]]] = []
        for path in self.folder.glob(f"{glob.escape(self.name)}*"):
            rest = path.name[len(self.name) :]
            if not rest or rest[1:].isdigit():
                try:
                    found.append((int(rest[1:] or 0), path, json.loads(path.read_text("utf-8"))))
                except FileNotFoundError:
                    continue  # a later owner removed it just now
        return found

    def write(self, data: Mapping[str, Any]) -> None:
        """Replace this owner's note in one step, durably; notes of others are not needed any more."""
        path = self.folder / f"{self.name}.{self.context.token}"
        part = path.with_name(path.name + ".part")
        with open(part, "w", encoding="utf-8") as file:
            json.dump({"app": self.context.app, **data}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        _sync(self.folder)
        for token, other, told in self._all():
            if token < self.context.token or told.get("app") != self.context.app:
                other.unlink(missing_ok=True)

    def _overtaken(self) -> InternalError:
        what = f"another process writes what {self.context.node} wrote"
        return InternalError("RNL-STREAM-032", what, "This one ends; nothing of it counts any more.")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(target: Path, error: OSError) -> ConnectorError:
    what = f"writing {target}: {error.strerror or error}"
    return ConnectorError("RNL-FILE-029", what, "Look at the disk and at the rights of the folder.", retryable=True)
