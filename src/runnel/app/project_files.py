"""The data files of a project: found by walking it, taken in by upload, named so that nothing leaves its folder."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import mimetypes
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.abandoned_uploads import FOLDER as PARTS
from runnel.app.abandoned_uploads import KEPT, drop_abandoned
from runnel.app.pipeline_files import SKIPPED, SUFFIX
from runnel.errors import AuthoringError, LimitError
from runnel.store.moments import text as moment_text

if TYPE_CHECKING:
    from runnel.store import Store
    from runnel.store.uploads import Upload

FOLDER = "data"
CHUNK_BYTES = 8 * 1024 * 1024
LONGEST_NAME = 200
MOST_LISTED = 5_000
MOST_LOOKED_AT = 200_000
"""How many files of granted folders are looked at to find one by its id."""
RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)
TYPES = {
    ".csv": "CSV", ".tsv": "TSV", ".json": "JSON", ".ndjson": "NDJSON", ".jsonl": "NDJSON", ".parquet": "Parquet",
    ".xlsx": "Excel", ".xls": "Excel", ".xml": "XML", ".avro": "Avro", ".txt": "Text", ".log": "Text", ".gz": "gzip",
    ".zip": "Zip", ".zst": "Zstandard", ".png": "Image", ".jpg": "Image", ".jpeg": "Image", ".gif": "Image", ".webp": "Image",
}  # fmt: skip


class NoSuchFileError(AuthoringError):
    """There is no such file."""

    http_status = 404


class NotYoursError(AuthoringError):
    """Somebody else began this."""

    http_status = 403


@dataclass(frozen=True)
class DataFile:
    """One file; `id` is made from its place, so that no path comes from a client."""

    id: str
    path: Path
    relative: str
    bytes: int
    modified_at: datetime
    source: str

    def to_json(self) -> dict[str, Any]:
        """Return the row of a list."""
        return {
            "id": self.id, "name": self.path.name, "path": self.relative, "bytes": self.bytes, "source": self.source,
            "type": TYPES.get(self.path.suffix.lower(), "File"), "media_type": mimetypes.guess_type(self.path.name)[0],
            "status": "completed", "modified_at": moment_text(self.modified_at), "error": None,
        }  # fmt: skip


def safe_name(name: str) -> str:
    """Return the name of an uploaded file without folders, control characters or names that mean something else."""
    plain = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    plain = re.sub(r'[\x00-\x1f\x7f<>:"|?*]', "_", plain).strip(" .")
    plain = plain.lstrip("-") or "file"
    if RESERVED.match(plain) or plain.endswith(SUFFIX):
        plain = f"file_{plain.removesuffix(SUFFIX)}.yaml" if plain.endswith(SUFFIX) else f"file_{plain}"
    stem, dot, ending = plain.rpartition(".")
    if len(plain.encode()) > LONGEST_NAME:
        plain = (stem if dot else plain).encode()[: LONGEST_NAME - 20].decode("utf-8", "ignore") + (dot + ending)[:20]
    return plain


class ProjectFiles:
    """The data files below a project's folder and the folders that were granted besides."""

    def __init__(self, root: Path, home: Path, store: Store, granted: tuple[Path, ...], most_bytes: int) -> None:
        self.root = root.resolve()
        self.home = home.resolve()
        self.parts = home / PARTS
        self.store = store
        self.granted = granted
        self.most_bytes = most_bytes
        self._used: dict[str, Path] = {}

    def all(self) -> list[DataFile]:
        """Return the files, newest first, at most 5,000."""
        uploaded = self._uploaded()
        found: list[DataFile] = []
        for path in self._walk(self.root):
            with contextlib.suppress(OSError):
                found.append(self._file(path, uploaded))
            if len(found) >= MOST_LISTED:
                break
        return sorted(found, key=lambda file: file.modified_at, reverse=True)

    def get(self, id: str) -> DataFile:
        """Return a file of the project or of a granted folder by its id; raises NoSuchFileError."""
        known = self._used.get(id)
        places = itertools.chain((known,) if known is not None else (), self._walk(self.root), self._granted_files())
        for path in places:
            if self._id(path) == id:
                with contextlib.suppress(FileNotFoundError):
                    return self._file(path, self._uploaded())
        self._used.pop(id, None)
        raise NoSuchFileError("RNL-FILES-001", f"there is no file {id}", "It may have been removed; load the list again.")

    def at(self, path: str) -> DataFile:
        """Return a file by its path, which must lie below a granted folder; raises NoSuchFileError or AuthoringError."""
        try:
            resolved = (self.root / path).resolve()
            is_file = resolved.is_file()
        except (OSError, ValueError) as error:
            raise AuthoringError("RNL-PATH-001", "this is no path of a file", "Write it as in data/orders.csv.") from error
        root = next((folder for folder in (self.root, *self.granted) if resolved.is_relative_to(folder)), None)
        if root is None:
            roots = ", ".join(str(folder) for folder in (self.root, *self.granted))
            raise AuthoringError("RNL-PATH-001", f"{path} lies outside of {roots}", "Name its folder in the setting `roots`.")
        if not is_file or not self._is_data(resolved, root):
            raise NoSuchFileError("RNL-FILES-001", f"there is no file {path}", "Check the spelling.")
        found = self._file(resolved, self._uploaded())
        if root != self.root:
            self._remember(found)
        return found

    def begin(self, name: str, size: int, actor: str) -> Upload:
        """Start an upload; raises LimitError when it is larger than allowed. Those that were abandoned go."""
        if size > self.most_bytes:
            what = f"{name} has {size:,} bytes, and {self.most_bytes:,} are allowed"
            hint = "Put the file into the project's folder and use it in place, or raise the setting `upload_bytes`."
            raise LimitError("RNL-UPLOAD-001", what, hint)
        self.parts.mkdir(parents=True, exist_ok=True)
        drop_abandoned(self.store.uploads, self.home, datetime.now(UTC) - KEPT)
        made = self.store.uploads.add(safe_name(name), size, actor)
        self.part(made.id).touch()
        return made

    def part(self, id: str) -> Path:
        """Return the file that takes the bytes of an upload."""
        return self.parts / f"{id}.part"

    def upload(self, id: str, actor: str | None = None) -> Upload:
        """Return an upload; raises NoSuchFileError, and NotYoursError when `actor` is given and did not begin it."""
        found = self.store.uploads.get(id) if re.fullmatch(r"[0-9a-f]{32}", id) else None
        if found is None:
            raise NoSuchFileError("RNL-UPLOAD-002", f"there is no upload {id}", "Begin it again.")
        if actor is not None and found.actor != actor:
            what = f"{actor} did not begin this upload"
            raise NotYoursError("RNL-UPLOAD-005", what, "Begin one of your own; an admin can drop this one.")
        return found

    def received(self, id: str) -> int:
        """Return how many bytes of an upload are there."""
        part = self.part(id)
        return part.stat().st_size if part.exists() else 0

    def write(self, id: str, offset: int, data: bytes) -> None:
        """Write bytes of an upload at their place; `offset` was compared with `received` by a caller who is alone."""
        descriptor = os.open(self.part(id), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            while data:
                written = os.pwrite(descriptor, data, offset)
                offset, data = offset + written, data[written:]
        finally:
            os.close(descriptor)

    def finish(self, id: str) -> DataFile:
        """Give a whole upload its name; raises AuthoringError when bytes are missing."""
        upload = self.upload(id)
        if upload.status == "completed" and upload.target:
            return self.at(upload.target)
        there = self.received(id)
        if there != upload.bytes:
            what = f"{there:,} of {upload.bytes:,} bytes of {upload.name} are there"
            raise AuthoringError("RNL-UPLOAD-003", what, "Send the rest from that place on.")
        part = self.part(id)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        target = self._placed(part, upload.name)
        self.store.uploads.change(id, "completed", str(target.relative_to(self.root)))
        return self._file(target, {str(target.relative_to(self.root))})

    def drop(self, id: str) -> None:
        """Forget an upload that is not finished."""
        self.part(id).unlink(missing_ok=True)
        self.store.uploads.delete(id)

    def delete(self, file: DataFile) -> None:
        """Remove a file of the project; others are not ours to remove."""
        if not file.path.resolve().is_relative_to(self.root.resolve()):
            raise AuthoringError("RNL-FILES-002", f"{file.path.name} lies outside of the project", "Remove it where it is.")
        file.path.unlink(missing_ok=True)

    def _placed(self, part: Path, name: str) -> Path:
        """Move a whole file to a name that is free; two uploads of one name at once get two."""
        folder = self.root / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        stem, dot, ending = name.partition(".")
        for number in range(1, 10_000):
            target = folder / (name if number == 1 else f"{stem}_{number}{dot}{ending}")
            try:
                os.link(part, target)
            except FileExistsError:
                continue
            part.unlink()
            return target
        raise AuthoringError("RNL-UPLOAD-004", f"there are too many files named {name}", "Give it another name.")

    def _walk(self, root: Path) -> Iterator[Path]:
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(name for name in folders if _is_shown(name) and Path(folder, name) != self.home)
            for name in sorted(files):
                path = Path(folder, name)
                if _is_shown(name) and not name.endswith(SUFFIX) and not path.is_symlink():
                    yield path

    def _granted_files(self) -> Iterator[Path]:
        return itertools.islice(itertools.chain.from_iterable(map(self._walk, self.granted)), MOST_LOOKED_AT)

    def _is_data(self, path: Path, root: Path) -> bool:
        """Whether a file is one that walking its root comes upon: not hidden, no pipeline, no state of the server."""
        shown = all(map(_is_shown, path.relative_to(root).parts))
        return shown and not path.name.endswith(SUFFIX) and not path.is_relative_to(self.home)

    def _remember(self, file: DataFile) -> None:
        """Keep where a file of a granted folder lies, so that its id leads there without a walk."""
        if len(self._used) >= MOST_LISTED:
            self._used.pop(next(iter(self._used)), None)
        self._used[file.id] = file.path

    def _uploaded(self) -> set[str]:
        return {upload.target for upload in self.store.uploads.list() if upload.target}

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def _id(self, path: Path) -> str:
        return hashlib.sha256(self._relative(path).encode("utf-8", "surrogatepass")).hexdigest()[:24]

    def _file(self, path: Path, uploaded: set[str]) -> DataFile:
        stat, relative = path.stat(), self._relative(path)
        source = "upload" if relative in uploaded else "output" if "out" in Path(relative).parts[:-1] else "project"
        return DataFile(self._id(path), path, relative, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC), source)


def _is_shown(name: str) -> bool:
    return not name.startswith(".") and name not in SKIPPED
