"""The pipeline files of a project: found by walking it, read once per change, known by the name that each states."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runnel.errors import AuthoringError
from runnel.model.checking import slug_of
from runnel.model.reading import read
from runnel.model.shapes import is_map

SUFFIX = ".runnel.yaml"
SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})
MOST_BYTES = 4 * 1024 * 1024


def document_of(text: str) -> Mapping[str, Any] | None:
    """Return the plain mapping of a pipeline's text, None where it cannot be read."""
    root = read(text.removeprefix("\ufeff")).root
    return root.value if root is not None and is_map(root.value) else None


def name_in(document: Mapping[str, Any] | None, path: Path) -> str:
    """Return the name that a pipeline's text states; where it states none, that of its file."""
    stated = str((document or {}).get("name") or "") or path.name.removesuffix(SUFFIX)
    return slug_of(stated) or "pipeline"


@dataclass(frozen=True)
class PipelineFile:
    """One pipeline file; `document` is its plain mapping, None where the text cannot be read."""

    name: str
    path: Path
    text: str
    digest: str
    document: Mapping[str, Any] | None
    modified_at: datetime

    @property
    def etag(self) -> str:
        """What `If-Match` compares where the file itself is meant."""
        return f'"{self.digest[:32]}"'

    @property
    def title(self) -> str:
        """The title that is shown."""
        given = (self.document or {}).get("title")
        return str(given) if given else self.name.replace("_", " ").capitalize()

    @property
    def kinds(self) -> list[str]:
        """The kinds of its nodes, in order."""
        nodes = (self.document or {}).get("nodes")
        found = nodes.values() if is_map(nodes) else ()
        return [str(node.get("kind", "")) for node in found if is_map(node)]


def digest_of(text: str) -> str:
    """Return the SHA-256 of a file's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class PipelineFiles:
    """The pipelines of a project folder; safe to use from several threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._seen: dict[Path, tuple[tuple[int, int, int], PipelineFile]] = {}
        self._lock = threading.Lock()

    def all(self) -> dict[str, PipelineFile]:
        """Return every pipeline by name; of two files that state one name the first by path has it."""
        found: dict[str, PipelineFile] = {}
        present: set[Path] = set()
        for path in self._walk():
            present.add(path)
            file = self._file(path)
            if file is None:
                continue
            name = file.name if file.name not in found else self._other_name(path, found)
            found[name] = file if name == file.name else _renamed(file, name)
        with self._lock:
            for gone in set(self._seen) - present:
                del self._seen[gone]
        return dict(sorted(found.items()))

    def get(self, name: str) -> PipelineFile | None:
        """Return a pipeline's file, None when there is none."""
        return self.all().get(name)

    def free_name(self, wanted: str, besides: Collection[str] = ()) -> str:
        """Return the wanted name as a slug that no pipeline has, and none of those besides."""
        taken = {*self.all(), *besides}
        base = slug_of(wanted.lower()) or "pipeline"
        name, number = base, 1
        while name in taken or (self.root / f"{name}{SUFFIX}").exists():
            number += 1
            name = f"{base}_{number}"
        return name

    def path_for(self, name: str) -> Path:
        """Return where a new pipeline's file goes."""
        if slug_of(name) != name:
            hint = f"Try `{slug_of(name.lower()) or 'sales'}`."
            raise AuthoringError("RNL-PIPELINE-002", f"`{name}` is no name of a pipeline", hint)
        return self.root / f"{name}{SUFFIX}"

    def fingerprint(self) -> dict[str, str]:
        """Return path → digest of every file, to see what changed since another time."""
        return {str(file.path): file.digest for file in self.all().values()}

    def _walk(self) -> Iterator[Path]:
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED)
            for name in sorted(files):
                if name.endswith(SUFFIX) and not name.startswith("."):
                    yield Path(folder, name)

    def _file(self, path: Path) -> PipelineFile | None:
        try:
            stat = path.stat()
            identity = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            with self._lock:
                known = self._seen.get(path)
            if known is not None and known[0] == identity:
                return known[1]
            if stat.st_size > MOST_BYTES:
                return None
            text = path.read_text("utf-8", "replace")
        except OSError:
            return None
        source = read(text.removeprefix("\ufeff"))
        value = source.root.value if source.root is not None else None
        document = value if is_map(value) else None
        moment = datetime.fromtimestamp(stat.st_mtime, UTC)
        file = PipelineFile(name_in(document, path), path, text, digest_of(text), document, moment)
        with self._lock:
            self._seen[path] = (identity, file)
        return file

    def _other_name(self, path: Path, taken: Mapping[str, Any]) -> str:
        base = slug_of(path.name.removesuffix(SUFFIX)) or "pipeline"
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        return name


def _renamed(file: PipelineFile, name: str) -> PipelineFile:
    return PipelineFile(name, file.path, file.text, file.digest, file.document, file.modified_at)
