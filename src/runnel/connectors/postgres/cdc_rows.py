"""Changes as the records of a log: JSON with the values as PostgreSQL writes them, masks laid over before anything is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from runnel.connectors.postgres.cdc_pgoutput import UNCHANGED, Change, Relation, lsn_text

Mask = Literal["hash", "null", "redact"]
REDACTED = "•••"
OPERATIONS = {"I": "insert", "U": "update", "D": "delete", "T": "truncate"}
Fetch = Callable[[str, Mapping[str, str], list[str]], Mapping[str, Any]]
"""Table, key values and names of columns → the values that they have now."""


@dataclass
class Shape:
    """What is known of a relation for writing its rows."""

    columns: tuple[str, ...]
    keys: tuple[str, ...]
    masks: tuple[tuple[int, Mask], ...] = ()
    refuse: str = ""
    key_places: tuple[int, ...] = ()


@dataclass(frozen=True)
class RowWriter:
    """Writes changes as lines; `masks` go by the name of a column, or by `schema.table.column`."""

    masks: Mapping[str, Mask] = field(default_factory=dict)
    secret: bytes = b""
    fetch: Fetch | None = None

    def shape(self, table: str, columns: tuple[str, ...], keys: tuple[str, ...], refuse: str = "") -> Shape:
        """Prepare for the rows of a table."""
        masks: tuple[tuple[int, Mask], ...] = tuple(
            (place, mask) for place, name in enumerate(columns)
            if (mask := self.masks.get(f"{table}.{name}") or self.masks.get(name)) is not None
        )  # fmt: skip
        known = keys or columns
        return Shape(columns, known, masks, refuse, tuple(columns.index(name) for name in known if name in columns))

    def change(self, change: Change, shape: Shape, lsn: int, time: int) -> bytes:
        """Return the line of a change."""
        if change.kind == "T":
            return self._line("truncate", change.relation.table, lsn, time, {"r": None})
        record: dict[str, Any] = {}
        values, old = change.new, change.old
        if change.kind == "D":
            assert old is not None
            values = old
            old_row: list[Any] | None = old
        else:
            assert values is not None
            old_row = old
            if UNCHANGED in values:
                record["_unchanged"] = self._fill(change, values, shape)
        if old_row is not None:
            masked = self._masked(old_row, shape)
            places = range(len(masked)) if change.whole else shape.key_places
            record["_before"] = {shape.columns[place]: _plain(masked[place]) for place in places}
        row = self._masked(values, shape)
        record["r"] = dict(zip(shape.columns, [None if value is UNCHANGED else value for value in row], strict=True))
        record["_key"] = self.key(row, shape)
        if shape.refuse:
            record["_refuse"] = shape.refuse
        return self._line(OPERATIONS[change.kind], change.relation.table, lsn, time, record)

    def plain(self, change: Change, shape: Shape, head: bytes) -> bytes:
        """Return the line of an insert into a table without masks, quickly; `head` is its beginning."""
        values = change.new
        assert values is not None
        places = shape.key_places
        key = values[places[0]] if len(places) == 1 else self.key(values, shape)
        return head + orjson.dumps({"_key": key, "r": dict(zip(shape.columns, values, strict=True))})[1:]

    def snapshot(self, table: str, shape: Shape, values: list[Any], lsn: int, time: int) -> bytes:
        """Return the line of a row as a snapshot found it."""
        row = self._masked(values, shape)
        record: dict[str, Any] = {"r": dict(zip(shape.columns, row, strict=True)), "_key": self.key(row, shape)}
        if shape.refuse:
            record["_refuse"] = shape.refuse
        return self._line("snapshot", table, lsn, time, record)

    def head(self, operation: str, table: str, lsn: int, time: int) -> bytes:
        """Return the beginning of the line of changes of one transaction."""
        return self._line(operation, table, lsn, time, {})[:-1] + b","

    def key(self, row: list[Any], shape: Shape) -> str | None:
        """Return the key of a row as one text."""
        found = [_plain(row[place]) for place in shape.key_places]
        return found[0] if len(found) == 1 else orjson.dumps(found).decode()

    def _line(self, operation: str, table: str, lsn: int, time: int, record: dict[str, Any]) -> bytes:
        return orjson.dumps({"_op": operation, "_table": table, "_lsn": lsn_text(lsn), "_commit_time": time, **record})

    def _masked(self, row: list[Any], shape: Shape) -> list[Any]:
        if not shape.masks:
            return row
        made = list(row)
        for place, mask in shape.masks:
            if made[place] is not None and made[place] is not UNCHANGED:
                made[place] = self._mask(made[place], mask)
        return made

    def _mask(self, value: str, mask: Mask) -> str | None:
        if mask == "hash":
            return hashlib.blake2b(value.encode(), digest_size=16, key=self.secret[:64]).hexdigest()
        return None if mask == "null" else REDACTED

    def _fill(self, change: Change, values: list[Any], shape: Shape) -> list[str]:
        """Fill values that were not sent from the earlier row, or by asking; returns the names of those that stay unknown."""
        missing = [place for place, value in enumerate(values) if value is UNCHANGED]
        if change.old is not None and change.whole:
            for place in missing:
                values[place] = change.old[place]
            missing = [place for place in missing if values[place] is UNCHANGED]
        names = [shape.columns[place] for place in missing]
        if missing and self.fetch is not None:
            key = {shape.columns[place]: values[place] for place in shape.key_places}
            found = self.fetch(change.relation.table, key, names)
            for place in missing:
                values[place] = found.get(shape.columns[place], UNCHANGED)
            names = [shape.columns[place] for place in missing if values[place] is UNCHANGED]
        return names


def _plain(value: Any) -> Any:
    return None if value is UNCHANGED else value


def difference(before: list[list[Any]], relation: Relation) -> str:
    """Say in words how the columns of a table changed, or nothing."""
    old = {name: (type, modifier) for name, type, modifier in before}
    new = {
        name: (type, modifier)
        for name, type, modifier in zip(relation.columns, relation.types, relation.modifiers, strict=True)
    }
    words = [f"column {name} was added" for name in new if name not in old]
    words += [f"column {name} was removed" for name in old if name not in new]
    words += [f"column {name} has another type" for name in new if name in old and old[name] != new[name]]
    return ", ".join(words)
