"""Search over everything that has a name: pipelines, their nodes and columns named in them, files, datasets, runs, docs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runnel.app.pipeline_files import PipelineFile
from runnel.model.shapes import is_list, is_map

MOST = 60


@dataclass(frozen=True)
class Hit:
    """One result: what it is, what it is called, a line about it, and its page."""

    type: str
    title: str
    detail: str
    url: str
    rank: int

    def to_json(self) -> dict[str, Any]:
        """Return the item of an answer."""
        return {"type": self.type, "title": self.title, "detail": self.detail, "url": self.url}


def search(
    text: str, pipelines: Iterable[PipelineFile], files: Iterable[Mapping[str, Any]], datasets: Iterable[str],
    runs: Iterable[Mapping[str, Any]],
) -> list[dict[str, Any]]:  # fmt: skip
    """Return what matches, the best first: names that begin with the text, then names that hold it, then settings."""
    wanted = text.strip().lower()
    if not wanted:
        return []
    hits = [hit for file in pipelines for hit in _of_pipeline(file, wanted)]
    for item in files:
        rank = _rank(wanted, str(item["name"]))
        if rank is not None:
            hits.append(Hit("file", str(item["name"]), str(item.get("path") or ""), f"/files?file={item['id']}", rank))
    for name in datasets:
        rank = _rank(wanted, name)
        if rank is not None:
            hits.append(Hit("dataset", name, "dataset", f"/datasets/{name}", rank))
    for run in runs:
        if str(run["run_id"]).startswith(wanted):
            hits.append(Hit("run", str(run["run_id"]), f"{run['pipeline']} · {run['status']}", f"/runs/{run['run_id']}", 1))
    return [hit.to_json() for hit in sorted(hits, key=lambda hit: (hit.rank, hit.title.lower()))[:MOST]]


def _of_pipeline(file: PipelineFile, wanted: str) -> Iterator[Hit]:
    page = f"/pipelines/{file.name}"
    description = str((file.document or {}).get("description") or "")
    ranks = [rank for rank in (_rank(wanted, file.title), _rank(wanted, file.name)) if rank is not None]
    if ranks or wanted in description.lower():
        yield Hit("pipeline", file.title, description or file.name, page, min(ranks, default=3))
    nodes = (file.document or {}).get("nodes")
    for id, node in nodes.items() if is_map(nodes) else ():
        if not is_map(node):
            continue
        title = str(node.get("title") or id)
        rank = _rank(wanted, title) if _rank(wanted, title) is not None else _rank(wanted, str(id))
        found = next((value for value in _texts(node.get("config")) if wanted in value.lower()), None)
        if rank is not None or found is not None:
            detail = f"{node.get('kind')} in {file.title}" + (f" · {found[:80]}" if found else "")
            yield Hit("node", title, detail, f"{page}?node={id}", rank + 1 if rank is not None else 4)


def _rank(wanted: str, name: str) -> int | None:
    low = name.lower()
    return 0 if low.startswith(wanted) else 1 if f" {wanted}" in low or f"_{wanted}" in low else 2 if wanted in low else None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_map(value):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif is_list(value):
        for item in value:
            yield from _texts(item)
