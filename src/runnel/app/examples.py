"""The examples that come with Runnel: templates to start from, and finished pipelines that can be made and removed again."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from runnel.app.pipeline_files import SUFFIX, document_of
from runnel.errors import AuthoringError
from runnel.model.shapes import is_map

PACKAGED = Path(__file__).resolve().parent.parent / "examples"
CHECKOUT = Path(__file__).resolve().parents[3] / "examples"
FOLDER = "examples"
CATEGORIES = ("Data Migration", "Real-time Sync", "Data Transformation", "Aggregation & Analytics")


@dataclass(frozen=True)
class Example:
    """One bundled pipeline with its data beside it."""

    name: str
    title: str
    description: str
    category: str
    sample: str | None
    path: Path
    kinds: tuple[str, ...]
    live: bool = False
    """Whether it is a stream, which is started and not run."""

    def to_json(self) -> dict[str, Any]:
        """Return the card of a template."""
        return {
            "name": self.name, "title": self.title, "description": self.description, "category": self.category,
            "sample": self.sample, "nodes": len(self.kinds), "kinds": list(self.kinds),
        }  # fmt: skip


def bundled_folder() -> Path:
    """Return where the examples lie: inside the package, or beside the source."""
    return PACKAGED if PACKAGED.is_dir() else CHECKOUT


@cache
def examples() -> dict[str, Example]:
    """Return every bundled example by the name of its pipeline."""
    found: dict[str, Example] = {}
    for path in sorted(bundled_folder().glob(f"*/*{SUFFIX}")):
        document = document_of(path.read_text("utf-8")) or {}
        ui = document.get("ui")
        marks: dict[str, Any] = dict(ui) if is_map(ui) else {}
        nodes = document.get("nodes")
        kinds = tuple(str(node.get("kind")) for node in nodes.values()) if is_map(nodes) else ()
        name = str(document.get("name"))
        found[name] = Example(
            name, str(document.get("title") or name), str(document.get("description") or ""),
            str(marks.get("category") or CATEGORIES[2]), marks.get("sample"), path, kinds,
            bool(marks.get("live")),
        )  # fmt: skip
    return found


def example(name: str) -> Example:
    """Return an example; raises AuthoringError with those that there are."""
    found = examples().get(name)
    if found is None:
        raise AuthoringError("RNL-EXAMPLE-001", f"there is no example `{name}`", f"Examples: {', '.join(examples())}.")
    return found


def place(name: str, root: Path) -> Path:
    """Copy an example with its data into a project's folder of examples; returns its pipeline file."""
    return copy_to(name, root / FOLDER / example(name).path.parent.name)


def copy_to(name: str, target: Path) -> Path:
    """Copy an example with its data into a folder and return its pipeline file; what is there stays."""
    found = example(name)
    copy_data(name, target)
    path = target / found.path.name
    _copy(found.path, path)
    return path


def copy_data(name: str, target: Path) -> None:
    """Copy the data of an example into a folder; what is there stays."""
    folder = example(name).path.parent
    for source in sorted(folder.rglob("*")):
        relative = source.relative_to(folder)
        if source.is_dir() or relative.parts[0] in ("out", ".runnel") or source.name.startswith("."):
            continue
        if not source.name.endswith(SUFFIX):
            _copy(source, target / relative)


def _copy(source: Path, target: Path) -> None:
    """Copy a file unless it is there; nobody sees a part of it, also when two copy it at once."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    shutil.copyfile(source, part)
    os.chmod(part, 0o644)
    os.replace(part, target)


def is_example(path: Path, root: Path) -> bool:
    """Whether a pipeline file is a placed example."""
    try:
        parts = path.relative_to(root).parts
    except ValueError:
        return False
    known = {(found.path.parent.name, found.path.name) for found in examples().values()}
    return len(parts) == 3 and parts[0] == FOLDER and parts[1:] in known


def remove(path: Path, root: Path) -> None:
    """Remove a placed example with its data; other pipelines in its folder keep what they read."""
    if not is_example(path, root):
        raise AuthoringError("RNL-EXAMPLE-002", f"{path.name} is no example", "Delete it as a pipeline.")
    path.unlink(missing_ok=True)
    if not list(path.parent.glob(f"*{SUFFIX}")):
        shutil.rmtree(path.parent, ignore_errors=True)
