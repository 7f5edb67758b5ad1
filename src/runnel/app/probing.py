"""Looking at sources: the sniff cache first, a sandboxed worker else."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runnel.app.confining import check_node, check_path
from runnel.app.connections import policy_of
from runnel.app.streams.outside import outside_of_node
from runnel.app.workers import existing
from runnel.compiler.graph import GraphNode
from runnel.connectors.datasets.source import DatasetSource
from runnel.sdk.source import Probe, Source
from runnel.sdk.streaming import StreamSource

if TYPE_CHECKING:
    from runnel.app.project import Project

VERSION = "2"


@dataclass
class Followed:
    """Datasets that a source follows: by name `query` and `columns`, their files, and a text that changes with their versions."""

    datasets: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    files: list[str] = field(default_factory=list[str])
    identity: str = ""


class Probing:
    """Finds out what sources hold; what was found is kept by kind, config and identity of the content."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.folder = project.home / "sniff"

    def __call__(self, node: GraphNode) -> Probe:
        """Return what is known of a source node; raises RunnelError when it cannot be read."""
        source = node.node(node.config, {}, node.id)
        assert isinstance(source, Source)
        if isinstance(source, DatasetSource):
            query, files, columns, version = self.project.store.datasets.query(
                source.config.name, source.config.version
            )
            return source.from_dataset(query, files, columns, version)
        if self.project.confined:
            check_node(self.project, node)
        looked = self._followed(source)
        reads = [*existing(source.reads(node.folder)), *looked.files]
        if self.project.confined:
            for path in existing(source.reads(node.folder)):
                check_path(self.project, path, node.folder, writes=False)
        identity = (source.identity(node.folder) or self.project.identities.of(reads)) + looked.identity
        config = node.config.model_dump(mode="json", by_alias=True)
        key = _key(node.kind, config, identity, node.folder)
        known = self._read(key)
        if known is not None:
            return known
        payload: dict[str, Any] = {
            "kind": node.kind, "config": config, "id": node.id, "folder": node.folder, "reads": reads,
        }  # fmt: skip
        writes, network = [str(self.project.scratch)], False
        if issubclass(node.node, StreamSource):
            samples = self.project.home / "samples"
            samples.mkdir(exist_ok=True)
            given = outside_of_node(self.project, node.node, node.config)
            payload["outside"] = {
                "pipeline": "", "node": node.id, "identity": f"runnel-look-{key[:12]}", "folder": node.folder,
                "home": str(self.project.home), "egress": policy_of(self.project).to_json(), "datasets": looked.datasets, **given,
            }  # fmt: skip
            payload["sample"] = str(samples / f"{key}.parquet")
            writes, network = [*writes, str(samples)], bool(given.get("connections")) or node.node.needs_network
        with self.project.workers.open(reads, writes, timeout_seconds=60, network=network) as worker:
            found = dict(worker.call("probe", payload))
        if reads and not issubclass(node.node, StreamSource):
            found["identity"] = self.project.identities.of(reads)
        self._write(key, found)
        return Probe.from_json(found)

    def _followed(self, source: Source) -> Followed:
        """Return what is known of the datasets that a source follows; raises AuthoringError for one that is not there."""
        found = Followed()
        for name in source.follows(source.config) if isinstance(source, StreamSource) else ():
            query, files, columns, version = self.project.store.datasets.query(name)
            found.datasets[name] = {"query": query, "columns": dict(columns), "version": version}
            found.files += files
            found.identity += f"\n{name} {version} {len(files)}"
        return found

    def _read(self, key: str) -> Probe | None:
        try:
            return Probe.from_json(json.loads((self.folder / key).read_text("utf-8")))
        except FileNotFoundError:
            return None

    def _write(self, key: str, found: Mapping[str, Any]) -> None:
        self.folder.mkdir(exist_ok=True)
        part = self.folder / f"{key}.{os.getpid()}.part"
        part.write_text(json.dumps(found, ensure_ascii=False), "utf-8", "surrogatepass")
        os.replace(part, self.folder / key)


def _key(kind: str, config: Any, identity: str, folder: str) -> str:
    material = json.dumps([VERSION, kind, config, identity, folder], ensure_ascii=False, default=str)
    return hashlib.sha256(material.encode("utf-8", "surrogatepass")).hexdigest()[:32]
