"""Where records may be sent: the sources `source.ingest` of the saved pipeline files, and the log of each."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runnel.app.access.permissions import role_permissions
from runnel.app.access.principals import Principal
from runnel.app.access.signatures import key_bytes
from runnel.app.pipeline_files import PipelineFiles
from runnel.connectors.ingest.settings import KIND, IngestSettings, read_settings
from runnel.errors import RunnelError
from runnel.model.shapes import is_map
from runnel.store.log.durable import DurableLog
from runnel.store.log.outcomes import LogOptions

FOLDER = "logs"
PERMISSION = "ingest"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True)
class Target:
    """One source that takes records; `error` says why it takes none, though it stands in a file."""

    pipeline: str
    source: str
    settings: IngestSettings = field(default_factory=IngestSettings)
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    error: RunnelError | None = None

    @property
    def log_name(self) -> str:
        """The name of its log."""
        return log_name(self.pipeline, self.source)


def log_name(pipeline: str, source: str) -> str:
    """Return the name of the log of a source."""
    return f"{pipeline}.{source}"


def may_send(who: Principal, pipeline: str, source: str) -> bool:
    """Tell whether somebody may send records to a source: by role, and by the scopes `ingest` or `ingest:PIPELINE/SOURCE`."""
    if PERMISSION not in role_permissions(who.role):
        return False
    return who.scopes is None or not {PERMISSION, f"{PERMISSION}:{pipeline}/{source}"}.isdisjoint(who.scopes)


def targets(files: PipelineFiles, reveal: Callable[[str], str]) -> dict[str, Target]:
    """Return the sources of all saved pipelines by `pipeline/source`."""
    found: dict[str, Target] = {}
    for name, file in files.all().items():
        nodes = (file.document or {}).get("nodes")
        for source, node in nodes.items() if is_map(nodes) else ():
            if is_map(node) and node.get("kind") == KIND and _NAME.fullmatch(str(source)) and _NAME.fullmatch(name):
                found[f"{name}/{source}"] = _target(name, str(source), node, file.document or {}, reveal)
    return found


def _target(
    pipeline: str, source: str, node: Mapping[str, Any], document: Mapping[str, Any], reveal: Callable[[str], str]
) -> Target:
    config, params = node.get("config"), document.get("params")
    try:
        settings = read_settings(config if is_map(config) else {}, params if is_map(params) else {}, reveal)
    except RunnelError as error:
        return Target(pipeline, source, error=error)
    return Target(pipeline, source, settings, tuple(key_bytes(key) for key in settings.signing_keys))


class IngestLogs:
    """The open logs of a server, one writer each; opened at the first record, in the thread that asks."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER
        self._open: dict[str, DurableLog] = {}
        self._lock = threading.Lock()
        self._closed = False

    def get(self, target: Target) -> DurableLog | None:
        """Return the log of a source if it is open; it follows the source's budget."""
        log = self._open.get(target.log_name)
        if log is not None and log.options.max_bytes != target.settings.max_bytes:
            log.options = replace(log.options, max_bytes=target.settings.max_bytes)
        return log

    def open(self, target: Target) -> DurableLog:
        """Open the log of a source; raises RunnelError when it cannot be. Blocks while the log is brought into order."""
        with self._lock:
            found = self._open.get(target.log_name)
            if found is not None:
                return found
            seconds = target.settings.idempotency_hours * 3600
            options = LogOptions(max_bytes=target.settings.max_bytes, key_seconds=seconds)
            log = self._open[target.log_name] = DurableLog(self.folder / target.log_name, options)
            return log

    def close(self) -> None:
        """Make durable what was taken, and close every log."""
        with self._lock:
            for log in self._open.values():
                log.close()
            self._open.clear()
