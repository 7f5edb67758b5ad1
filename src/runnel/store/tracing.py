"""Which epochs of a stream wrote a file of a dataset, and which files others were joined of: its Delta table's log tells."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runnel.store.delta_log import actions, commits, path_of
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
    for version in commits(location):
        added: list[str] = []
        removed: list[str] = []
        written: Written | None = None
        for kind, action in _kept(location, version, "add", "remove", "txn"):
            if kind == "add":
                added.append(path_of(action))
            elif kind == "remove" and not action.get("dataChange", True):
                removed.append(path_of(action))
            elif kind == "txn" and (found := _APP.fullmatch(str(action["appId"]))):
                app, last = found.group(), int(action["version"])
                written = Written(found["incarnation"], found["node"], known.get(app, 0) + 1, last)
                known[app] = last
        if written is not None:
            made.written.update(dict.fromkeys(added, written))
        elif removed:
            made.parts.update(dict.fromkeys(added, removed))
    return made


def incarnations(location: Path) -> frozenset[str]:
    """Return which incarnations of streams wrote the newest commits of a table; empty where there is none."""
    newest = commits(location)[-NEWEST_COMMITS:]
    apps = (_APP.fullmatch(str(action["appId"])) for version in newest for _, action in _kept(location, version, "txn"))
    return frozenset(app["incarnation"] for app in apps if app)


def _kept(location: Path, version: int, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the actions of a commit, none where the log was cut since the commits were listed."""
    with suppress(FileNotFoundError):
        yield from actions(location, version, *kinds)
