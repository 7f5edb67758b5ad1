"""The messages of PostgreSQL's plugin pgoutput (protocol version 1), decoded: relations, changes, truncates, marks.

Source: PostgreSQL documentation, "Logical Replication Message Formats".
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Any

_U16, _U32, _I32, _BEGIN = Struct(">H"), Struct(">I"), Struct(">i"), Struct(">QQI")
UNCHANGED = object()
"""The value of a column that was not sent, because it is stored apart (TOAST) and did not change."""


@dataclass(frozen=True)
class Relation:
    """A table as the following changes have it; `keys` are the columns of its replica identity."""

    id: int
    schema: str
    name: str
    identity: str
    columns: tuple[str, ...]
    types: tuple[int, ...]
    modifiers: tuple[int, ...]
    keys: tuple[str, ...]

    @property
    def table(self) -> str:
        """Its name with the schema."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Begin:
    """The begin of a transaction that is committed: where its commit stands, when it was, and its id."""

    lsn: int
    time: int
    xid: int


@dataclass(frozen=True)
class Commit:
    """The end of a transaction; from `end` on nothing of it is left."""

    lsn: int
    end: int


@dataclass(frozen=True)
class Mark:
    """A message that somebody wrote into the log of the database."""

    prefix: str
    content: bytes
    lsn: int


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one row: `new` and `old` are lists in the order of the relation's columns.

    `kind` is I, U, D or T (truncate, without rows). `old` has only key values where `whole` is false.
    """

    kind: str
    relation: Relation
    new: list[Any] | None = None
    old: list[Any] | None = None
    whole: bool = False


def _text(data: bytes, place: int) -> tuple[str, int]:
    end = data.index(0, place)
    return data[place:end].decode(), end + 1


def _relation(data: bytes) -> Relation:
    (id,) = _U32.unpack_from(data, 1)
    schema, place = _text(data, 5)
    name, place = _text(data, place)
    identity = chr(data[place])
    (count,) = _U16.unpack_from(data, place + 1)
    place += 3
    columns: list[str] = []
    types: list[int] = []
    modifiers: list[int] = []
    keys: list[str] = []
    for _ in range(count):
        flags = data[place]
        column, place = _text(data, place + 1)
        columns.append(column)
        types.append(_U32.unpack_from(data, place)[0])
        modifiers.append(_I32.unpack_from(data, place + 4)[0])
        place += 8
        if flags & 1:
            keys.append(column)
    return Relation(id, schema or "pg_catalog", name, identity, tuple(columns), tuple(types), tuple(modifiers), tuple(keys))


def _row(data: bytes, place: int) -> tuple[list[Any], int]:
    """Read one row; values are texts, None, or UNCHANGED."""
    (count,) = _U16.unpack_from(data, place)
    place += 2
    made: list[Any] = []
    add, length_at = made.append, _U32.unpack_from
    for _ in range(count):
        kind = data[place]
        place += 1
        if kind == 116:  # t
            end = place + 4 + length_at(data, place)[0]
            add(data[place + 4 : end].decode())
            place = end
        elif kind == 110:  # n
            add(None)
        else:
            add(UNCHANGED)
    return made, place


class PgOutput:
    """Decodes one stream; it remembers the relations that were announced."""

    def __init__(self) -> None:
        self.relations: dict[int, Relation] = {}

    def decode(self, data: bytes) -> list[Any]:
        """Return what a message says: nothing, one thing, or for a truncate one per table."""
        kind = data[0]
        if kind == 73:  # I
            return [Change("I", self._of(data), _row(data, 6)[0])]
        if kind == 85:  # U
            return [self._update(data)]
        if kind == 68:  # D
            return [Change("D", self._of(data), None, _row(data, 6)[0], data[5] == 79)]
        if kind == 66:  # B
            return [Begin(*_BEGIN.unpack_from(data, 1))]
        if kind == 67:  # C
            lsn = int.from_bytes(data[2:10])
            return [Commit(lsn, int.from_bytes(data[10:18]))]
        if kind == 82:  # R
            relation = _relation(data)
            self.relations[relation.id] = relation
            return [relation]
        if kind == 84:  # T
            (count,) = _U32.unpack_from(data, 1)
            found = [_U32.unpack_from(data, 6 + 4 * number)[0] for number in range(count)]
            return [Change("T", self.relations[id]) for id in found]
        if kind == 77:  # M
            prefix, place = _text(data, 10)
            (size,) = _U32.unpack_from(data, place)
            return [Mark(prefix, data[place + 4 : place + 4 + size], int.from_bytes(data[2:10]))]
        return []

    def _of(self, data: bytes) -> Relation:
        return self.relations[_U32.unpack_from(data, 1)[0]]

    def _update(self, data: bytes) -> Change:
        old, place, kind = None, 5, data[5]
        if kind in (75, 79):  # K, O
            old, place = _row(data, 6)
        return Change("U", self._of(data), _row(data, place + 1)[0], old, kind == 79)


def lsn_text(lsn: int) -> str:
    """Return a place in the log of the database as PostgreSQL writes it."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def lsn_number(text: str) -> int:
    """Read a place in the log of the database."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
