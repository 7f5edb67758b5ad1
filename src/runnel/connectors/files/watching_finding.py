"""Which files of a watched folder there are to read, and which partition each of them is."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

from runnel.connectors.files.watching_folder import (
    Identities,
    Seen,
    Wanted,
    growing,
    inode_of,
    is_same,
    listed,
    matches,
)
from runnel.connectors.files.watching_open import Open, end


class Finding:
    """Looks at a folder again and again."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._identities = Identities(wanted)

    def look(self, files: Mapping[str, Open], before: Mapping[str, Seen]) -> dict[str, Seen]:
        """Return the files that are there by partition; `files` are read already, `before` were found by the last look."""
        every = list(listed(self._wanted))
        if self._wanted.mode == "whole":
            return self._whole_files(every, files)
        return self._growing_files(every, files, before)

    def _whole_files(self, every: Sequence[Seen], files: Mapping[str, Open]) -> dict[str, Seen]:
        now, wall = time.monotonic(), time.time()
        found: dict[str, Seen] = {}
        for seen in every:
            if matches(self._wanted, seen) and (
                partition := self._identities.of(seen, now, wall, files)
            ):
                found.setdefault(partition, seen)
        self._identities.keep({seen.path for seen in every})
        return found

    def _growing_files(
        self, every: Sequence[Seen], files: Mapping[str, Open], before: Mapping[str, Seen]
    ) -> dict[str, Seen]:
        """Return growing files; those that are read already keep their partition under whatever name they have now."""
        known: dict[int, tuple[int, Open]] = {}
        noticed = {name: Open(name, seen.path, seen.name) for name, seen in before.items() if name not in files}
        for partition, opened in {**files, **noticed}.items():
            inode, generation = inode_of(partition)
            if inode not in known or known[inode][0] < generation:
                known[inode] = (generation, opened)
        found: dict[str, Seen] = {}
        for seen in every:
            old = known.get(seen.inode)
            if old is None:
                if matches(self._wanted, seen):
                    found[growing(seen, 0)] = seen
                continue
            generation, opened = old
            if self._is_same(seen, opened):
                opened.path = seen.path
                found[opened.partition] = seen
            elif matches(self._wanted, seen):
                end(opened)
                found[growing(seen, generation + 1)] = seen
        for opened in files.values():
            opened.gone = opened.gone or opened.partition not in found
        return found

    def _is_same(self, seen: Seen, opened: Open) -> bool:
        if opened.gone:
            return False
        try:
            descriptor = os.open(seen.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            detail = {"head_bytes": opened.head[0], "head": opened.head[1]}
            return is_same(descriptor, opened.at, detail)
        finally:
            os.close(descriptor)
