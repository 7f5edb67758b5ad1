"""Newer tables to join with while a stream runs: datasets and files are looked at, computed anew, and told to its processes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app.pipelines import Document, runnable
from runnel.app.streams.announcing import announce, forget
from runnel.app.streams.bounded import held_in
from runnel.connectors.datasets.source import DatasetSource
from runnel.errors import RunnelError
from runnel.plan.shapes import Scan
from runnel.plan.streams import StreamPlan
from runnel.runtime.stream.held import HeldTable, Tables

if TYPE_CHECKING:
    from runnel.app.project import Project

LOOK_SECONDS = 5.0
REST = 10.0
"""After computing tables it rests at least so many times as long as that took."""


class Renewing:
    """Keeps the tables that one stream joins with as new as what they are read from."""

    def __init__(self, project: Project, document: Document, params: Mapping[str, Any], plan: StreamPlan) -> None:
        self.project = project
        self.document = document
        self.params = params
        self.plan = plan
        self.took = 0.0
        self._lock = threading.Lock()
        self._files = _files_of(project, plan)
        self._trouble = ""

    def tables(self, folder: Path) -> dict[str, HeldTable]:
        """Return the tables by segment, as they are now, with their files in the stream's folder; for a process that starts."""
        forget(folder)
        self._renew()
        return self._computed(folder, self.plan)

    @contextmanager
    def beside(self, folder: Path) -> Iterator[None]:
        """Look for newer ones, and tell the processes, as long as the context lasts."""
        if not self.plan.bounded:
            yield
            return
        over = threading.Event()
        thread = threading.Thread(target=self._look, args=(folder, over), name="tables to join with", daemon=True)
        thread.start()
        try:
            yield
        finally:
            with self._lock:
                over.set()

    def _look(self, folder: Path, over: threading.Event) -> None:
        while not over.wait(max(LOOK_SECONDS, REST * self.took)):
            plan = self._renew()
            if plan is None:
                continue
            tables: Tables = {}
            if not self._trouble:
                try:
                    tables = self._computed(folder, plan)
                except RunnelError as error:
                    self._trouble = error.what
            with self._lock:
                if not over.is_set():
                    announce(folder, tables, self._trouble)

    def _computed(self, folder: Path, plan: StreamPlan) -> dict[str, HeldTable]:
        began = time.monotonic()
        made = held_in(folder, self.project, plan, versions_of(plan))
        self.took = time.monotonic() - began
        return made

    def _renew(self) -> StreamPlan | None:
        """Compile the pipeline anew where what it joins with has changed; returns the plan, None where nothing is to be told."""
        trouble = self._trouble
        try:
            files = _files_of(self.project, self.plan)
            if self._versions() == versions_of(self.plan) and files == self._files:
                self._trouble = ""
                return self.plan if trouble else None
            found = runnable(self.project, self.document, self.params).stream_plan()
            self._trouble = _misfit(self.plan, found)
            if not self._trouble:
                self.plan, self._files = found, files
                return found
        except RunnelError as error:
            self._trouble = error.what
        return self.plan if self._trouble != trouble else None

    def _versions(self) -> dict[str, int]:
        """Return dataset → its newest version, or that which the pipeline names."""
        found = versions_of(self.plan)
        for scan in tables_of(self.plan):
            if scan.kind == DatasetSource.kind and scan.config.get("version") is None:
                name = str(scan.config["name"])
                found[name] = self.project.store.datasets.query(name)[3]
        return found


def versions_of(plan: StreamPlan) -> dict[str, int]:
    """Return dataset → the version that a plan reads to join with."""
    return {
        str(scan.config["name"]): int(scan.probe["options"]["version"])
        for scan in tables_of(plan) if scan.kind == DatasetSource.kind
    }  # fmt: skip


def tables_of(plan: StreamPlan) -> list[Scan]:
    """Return what a plan reads to join with."""
    return [scan for segment in plan.plan.segments if segment.id in plan.bounded for scan in segment.scans]


def _files_of(project: Project, plan: StreamPlan) -> dict[str, tuple[int, int]]:
    """Return the files that a plan reads to join with, with their times and sizes."""
    found: dict[str, tuple[int, int]] = {}
    for scan in tables_of(plan):
        node = project.catalog.get(scan.kind)
        if scan.kind == DatasetSource.kind or node is None:
            continue
        for path in scan.reads:
            with suppress(FileNotFoundError):
                stat = os.stat(path)
                found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


def _misfit(old: StreamPlan, new: StreamPlan) -> str:
    """Return why tables of a new plan have no place in the one that runs, in words; nothing where they have."""
    before = {segment.id: segment.columns for segment in old.plan.segments}
    after = {segment.id: segment.columns for segment in new.plan.segments}
    hint = "start the stream again to join with it"
    if set(old.bounded) == set(new.bounded) and before == after:
        return ""
    for id in old.bounded:
        gone = [name for name, type in before[id].items() if after.get(id, {}).get(name) != type]
        if gone:
            return f"{id} has no column `{gone[0]}` of type {before[id][gone[0]]} any more; {hint}"
    return f"its columns are others now; {hint}"
