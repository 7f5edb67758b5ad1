"""Recovery: the newest state that can be verified, and the epochs after it computed again where files were damaged."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runnel.errors import InternalError
from runnel.runtime.stream.arrow import pc
from runnel.runtime.stream.checkpoints import Kept, Place, Row
from runnel.runtime.stream.files import CorruptFileError, FileRef, StreamFile
from runnel.runtime.stream.steps import StepRun
from runnel.sdk.streaming import Position, Records

ASIDE = "damaged"


@dataclass
class Restored:
    """A state that was read back: its base, the epoch that it stands at, the place there, and the damaged files met."""

    steps: dict[str, StepRun]
    base: Kept
    epoch: int
    place: Place
    damaged: list[str] = field(default_factory=list)


def restore(
    folder: Path, row: Row, fresh: Callable[[], dict[str, StepRun]], last: int,
    called: Callable[[str], str | None] = lambda node: node,
) -> Restored:  # fmt: skip
    """Return the newest state, at most that of the epoch `last`, that the files of a row give; damaged ones are set aside.

    Tries the newer base first; `called` gives a node's name in the files, None where it begins empty.
    Raises InternalError where no base before can be read: the state is lost then.
    """
    damaged: list[str] = []
    best: Restored | None = None
    for base in reversed(row.bases):
        found = _from(folder, base, row, fresh(), damaged, last, called) if base.epoch <= last else None
        if found is None:
            continue
        if best is None or found.epoch > best.epoch:
            best = found
        if found.epoch == last:
            break
    damaged += _unreadable([base for base in row.bases if base.epoch <= last], damaged, folder)
    if best is None:
        what = f"no base of the stream can be read ({', '.join(damaged)})"
        hint = "Rewind the stream to its beginning or to a savepoint; the sources are read again from there."
        raise InternalError("RNL-STREAM-011", what, hint)
    best.damaged = damaged
    for name in damaged:
        set_aside(folder, name)
    return best


def _unreadable(bases: Sequence[Kept], known: Sequence[str], folder: Path) -> list[str]:
    """Return the names of damaged bases that nothing has met yet: one that waits in reserve must be whole too."""
    found: list[str] = []
    for base in bases:
        if base.file is not None and base.file.name not in known:
            try:
                StreamFile(folder, base.file).verify()
            except CorruptFileError:
                found.append(base.file.name)
    return found


def _from(
    folder: Path, base: Kept, row: Row, steps: dict[str, StepRun], damaged: list[str], end: int,
    called: Callable[[str], str | None],
) -> Restored | None:
    """Return the state of a base with the deltas after it, as far as they can be read; None where the base cannot."""
    chain = [delta for delta in row.deltas if base.epoch < delta.epoch <= end]
    files: list[StreamFile] = []
    last = base
    for kept in (base, *chain):
        if kept.file is not None:
            try:
                file = StreamFile(folder, kept.file)
                file.verify()
                files.append(file)
            except CorruptFileError:
                if kept.file.name not in damaged:
                    damaged.append(kept.file.name)
                if kept is base:
                    return None
                break
        last = kept
    for file in files:
        for node, step in steps.items():
            name = called(node)
            if name is not None:
                step.restore(file, last.place.marks.get(node, {}), name)
    return Restored(steps, base, last.epoch, last.place)


def without(row: Row, damaged: Sequence[str]) -> Row:
    """Return a row that no longer names damaged bases; what was read of it had another one."""
    return replace(row, bases=tuple(base for base in row.bases if base.file is None or base.file.name not in damaged))


def set_aside(folder: Path, name: str) -> None:
    """Put a damaged file where nothing reads it and nothing removes it."""
    (folder / ASIDE).mkdir(exist_ok=True)
    if (folder / name).exists():
        os.replace(folder / name, folder / ASIDE / name)


def damaged_parcels(folder: Path, row: Row) -> dict[int, FileRef]:
    """Return the epochs whose rows for a sink lie in damaged files."""
    found: dict[int, FileRef] = {}
    for parcels in row.outboxes.values():
        for parcel in parcels:
            try:
                StreamFile(folder, parcel.file).verify()
            except CorruptFileError:
                found[parcel.epoch] = parcel.file
    return found


def epochs_to_repeat(row: Row, since: int) -> list[Kept]:
    """Return the epochs after one, with their places; each must follow the one before it."""
    found = [delta for delta in row.deltas if delta.epoch > since]
    numbers = [delta.epoch for delta in found]
    if numbers != list(range(since + 1, row.epoch + 1)):
        what = f"the stream's row has no places of the epochs {since + 1} to {row.epoch} ({numbers})"
        raise InternalError("RNL-STREAM-012", what, "Rewind the stream to a savepoint or to its beginning.")
    return found


@dataclass
class Cutting:
    """Cuts records at recorded positions, so that an epoch is read again exactly as far as it was read."""

    left: dict[tuple[str, str], list[Records]] = field(default_factory=dict)

    def add(self, node: str, records: Records) -> None:
        """Keep records until an epoch asks for them."""
        self.left.setdefault((node, records.partition), []).append(records)

    def take(self, node: str, partition: str, before: int) -> list[Records]:
        """Return the kept records of a partition whose positions lie before one."""
        queue = self.left.get((node, partition), [])
        found: list[Records] = []
        while queue:
            records = queue[0]
            inside, rest = _cut(records, before)
            if inside is not None:
                found.append(inside)
            if rest is not None:
                queue[0] = rest
                break
            queue.pop(0)
        return found

    def rest(self) -> list[tuple[str, Records]]:
        """Return what no epoch asked for, in its order."""
        found = [(node, records) for (node, _), queue in self.left.items() for records in queue]
        self.left = {}
        return found


def _cut(records: Records, before: int) -> tuple[Records | None, Records | None]:
    if records.position.next <= before or not records.table.num_rows:
        return (records, None) if records.position.next <= before else (None, None)
    positions = records.table.column("_position")
    inside = int(pc.sum(pc.less(positions, before)).as_py() or 0)
    if inside == 0:
        return None, records
    first = replace(records, decoded=None, table=records.table.slice(0, inside), position=replace(records.position, next=before))
    rest = replace(records, decoded=None, table=records.table.slice(inside))
    return (first, rest) if rest.table.num_rows else (first, None)


def positions_of(place: Place) -> dict[str, dict[str, Position]]:
    """Return the positions of a place as values."""
    return {
        node: {name: Position.from_json(data) for name, data in found.items()} for node, found in place.positions.items()
    }


def compare_counts(epoch: int, recorded: Mapping[str, Any], counted: Mapping[str, Any]) -> None:
    """Raise InternalError where an epoch that was computed again counts otherwise than before."""
    for part in ("ports", "letters", "offered", "left_out"):
        before, after = recorded.get(part, {}), counted.get(part, {})
        for key in {*before, *after}:
            if int(before.get(key, 0)) != int(after.get(key, 0)):
                name = key.replace("\x1f", ".")
                what = f"epoch {epoch}, computed again, counts {after.get(key, 0)} at {name}, and it was {before.get(key, 0)}"
                hint = "The source no longer gives what it gave. Rewind the stream, and choose what becomes of its targets."
                raise InternalError("RNL-STREAM-013", what, hint, {"epoch": epoch})

