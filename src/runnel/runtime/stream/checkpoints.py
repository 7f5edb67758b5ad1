"""The row that a commit is: one update of one row names everything that an epoch made, or the epoch never was."""

# pyright: reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from runnel.errors import InternalError
from runnel.runtime.stream.files import FileRef
from runnel.runtime.stream.pausing import Paused

if TYPE_CHECKING:
    from runnel.runtime.stream.entering import Request


class LeaseLostError(InternalError):
    """Another process took the stream over; this one must end without writing anything more."""


@dataclass(frozen=True)
class Place:
    """Where a stream stood after an epoch, besides its state.

    `positions` (source → partition → position), `clocks` (source → its clock), `watermarks` (node → microseconds), `marks`
    (node → what its state is besides files), `counters` (what the ledger counted since the incarnation began) and the
    epoch's own time in microseconds: whatever would not be the same if the epoch were computed again. `watched` is how
    records looked so far, and what was forgiven of them; `leaves_out` are the sinks whose rows were left out, `held` the
    tables that rows were joined with, by segment.
    """

    positions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    clocks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    watermarks: Mapping[str, int | None] = field(default_factory=dict)
    marks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    counters: Mapping[str, Any] = field(default_factory=dict)
    time: int = 0
    watched: Mapping[str, Any] = field(default_factory=dict)
    leaves_out: Sequence[str] = ()
    held: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """A file of an epoch with the place after it: the whole state (a base), or what the epoch changed (a delta)."""

    epoch: int
    file: FileRef | None
    place: Place
    entered: tuple[str, ...] = ()
    """Requests whose dead letters entered again in the epoch."""

    def to_json(self) -> dict[str, Any]:
        """Return the form that rows keep."""
        made = {"epoch": self.epoch, "file": self.file.to_json() if self.file else None, "place": asdict(self.place)}
        return {**made, "entered": list(self.entered)} if self.entered else made

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Kept:
        """Read the form that rows keep."""
        return Kept(int(data["epoch"]), _file(data["file"]), Place(**data["place"]), tuple(data.get("entered", ())))


@dataclass(frozen=True)
class Parcel:
    """Rows that an epoch made for a sink: they lie in the epoch's file until the sink holds them."""

    epoch: int
    file: FileRef
    rows: int
    bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return the form that rows keep."""
        return {"epoch": self.epoch, "file": self.file.to_json(), "rows": self.rows, "bytes": self.bytes}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Parcel:
        """Read the form that rows keep."""
        return Parcel(int(data["epoch"]), FileRef.from_json(data["file"]), int(data["rows"]), int(data["bytes"]))


def _file(data: Mapping[str, Any] | None) -> FileRef | None:
    return FileRef.from_json(data) if data else None


@dataclass(frozen=True)
class Row:
    """The state of a stream after an epoch, by reference.

    `bases` are at most two, the older first (that of epoch 0 is the empty state and has no file); `deltas` are those of
    every epoch since the older one, the last one with the place where the stream stands. `outboxes` holds what each sink
    was not known to hold yet, `delivered` the last epoch that it was.
    """

    incarnation: str
    epoch: int = 0
    token: int = 0
    plan: str = ""
    version: str = ""
    bases: tuple[Kept, ...] = (Kept(0, None, Place()),)
    deltas: tuple[Kept, ...] = ()
    outboxes: Mapping[str, tuple[Parcel, ...]] = field(default_factory=dict)
    delivered: Mapping[str, int] = field(default_factory=dict)
    finished: bool = False

    @property
    def place(self) -> Place:
        """Where the stream stands."""
        last = self.deltas or self.bases
        return last[-1].place if last else Place()

    def files(self) -> set[str]:
        """Return the names of all files that the row needs."""
        kept = [item.file for item in (*self.bases, *self.deltas) if item.file]
        kept += [parcel.file for parcels in self.outboxes.values() for parcel in parcels]
        held = {table["file"] for item in (*self.bases, *self.deltas) for table in item.place.held.values()}
        return {file.name for file in kept} | held

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "bases": [item.to_json() for item in self.bases], "deltas": [item.to_json() for item in self.deltas],
            "outboxes": {sink: [parcel.to_json() for parcel in parcels] for sink, parcels in self.outboxes.items()},
        }  # fmt: skip

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Row:
        """Read the JSON form; fields that an older version did not write have their defaults."""
        made = Row(**{name: data[name] for name in _PLAIN if name in data})
        return replace(
            made, bases=tuple(Kept.from_json(item) for item in data["bases"]),
            deltas=tuple(Kept.from_json(item) for item in data.get("deltas", ())),
            outboxes={sink: tuple(map(Parcel.from_json, items)) for sink, items in data.get("outboxes", {}).items()},
        )  # fmt: skip


_PLAIN = ("incarnation", "epoch", "token", "plan", "version", "delivered", "finished")


@dataclass(frozen=True)
class Letters:
    """How many records an epoch refused, by node; they lie in the section `letters` of its file."""

    file: FileRef
    counts: Mapping[str, int]


class Checkpoints(Protocol):
    """Where rows are kept; implemented by the store. Every call is durable when it returns."""

    def load(self) -> Row:
        """Return the last row; before the first epoch one of epoch 0."""
        ...

    def requests(self) -> Sequence[Request]:
        """Return dead letters that are to enter again, each request once per process; looked for about once a second."""
        ...

    def entered(self, ids: Sequence[str]) -> Sequence[Request]:
        """Return requests that entered before, for an epoch that is computed again."""
        ...

    def commit(self, row: Row, letters: Letters | None, entered: Sequence[str] = ()) -> None:
        """Write the row of epoch N where the row of epoch N-1 of the same token stands, with its dead letters.

        The letters of the requests that entered are replayed with it.

        Raises LeaseLostError where another row stands there. Where the reply was lost, the row is read again first.
        """
        ...

    def beat(self) -> str:
        """Show that the owner lives; returns what is wanted of the stream: running, paused, stopped or drained.

        Raises LeaseLostError when another process has taken it.
        """
        ...

    def paused(self) -> Paused:
        """Return the wires that a person paused, as they are wanted now."""
        ...

    def pause(self) -> None:
        """Say that the stream is to be paused, until somebody wants it to run."""
        ...

    def mended(self, epoch: int, file: FileRef) -> None:
        """Note that the dead letters of an epoch, whose file was damaged, lie in another file now."""
        ...

    def needed(self) -> set[str]:
        """Return the names of the files that dead letters and savepoints need besides the row's."""
        ...
