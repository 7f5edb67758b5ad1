"""Which epochs of a stream wrote a file of a dataset, and which files others were joined of: its Delta table's log tells."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from runnel.store.notes import STREAM_RUN

_APP = re.compile(re.escape(STREAM_RUN) + r"(?P<incarnation>[0-9a-f]{16})-(?P<node>.+)")


NEWEST_COMMITS = 50


@dataclass(frozen=True)
class Written:
    """The epochs (the first and the last one) of an incarnation that one commit of a table holds, by sink."""

    incarnation: str
    node: str
    first: int
    last: int


@dataclass(frozen=True)
class Origins:
    """The epochs by file (its path in the table's folder), without files that no stream wrote; of joined files their parts."""

    written: dict[str, Written] = field(default_factory=dict)
    parts: dict[str, Sequence[str]] = field(default_factory=dict)

    def apart(self, files: Collection[str]) -> list[str]:
        """Return files with those that were joined taken apart, to the ones that were written first."""
        made: list[str] = []
        waiting, seen = list(files), set(files)
        while waiting:
            file = waiting.pop()
            if file not in self.parts:
                made.append(file)
                continue
            waiting += [part for part in self.parts[file] if part not in seen]
            seen.update(self.parts[file])
        return sorted(made)


def origins_of_files(location: Path) -> Origins:
    """Return where the files of a table come from."""
    made = Origins()
    known: dict[str, int] = {}
    for entry in sorted((location / "_delta_log").glob("[0-9]*.json")):
        added: list[str] = []
        removed: list[str] = []
        written: Written | None = None
        for line in entry.read_text("utf-8").splitlines():
            action: dict[str, Any] = json.loads(line)
            if "add" in action:
                added.append(unquote(str(action["add"]["path"])))
            elif "remove" in action and not action["remove"].get("dataChange", True):
                removed.append(unquote(str(action["remove"]["path"])))
            elif "txn" in action and (found := _APP.fullmatch(str(action["txn"]["appId"]))):
                app, last = found.group(), int(action["txn"]["version"])
                written = Written(found["incarnation"], found["node"], known.get(app, 0) + 1, last)
                known[app] = last
        if written is not None:
            made.written.update(dict.fromkeys(added, written))
        elif removed:
            made.parts.update(dict.fromkeys(added, removed))
    return made


def incarnations(location: Path) -> frozenset[str]:
    """Return which incarnations of streams wrote the newest commits of a table; empty where there is none."""
    log = location / "_delta_log"
    names = sorted(name for name in os.listdir(log) if name.endswith(".json")) if log.is_dir() else []
    found: set[str] = set()
    for name in names[-NEWEST_COMMITS:]:
        for line in (log / name).read_text("utf-8").splitlines():
            action: dict[str, Any] = json.loads(line) if '"txn"' in line else {}
            if "txn" in action and (written := _APP.fullmatch(str(action["txn"]["appId"]))):
                found.add(written["incarnation"])
    return frozenset(found)
