"""What a poll already gave: the greatest cursor with the rows that have it, or the keys of the last snapshot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from runnel.errors import ConnectorError

OP = "_op"


class Seen(Protocol):
    """What was given so far; the same rows, folded in again, give the same."""

    def fresh(self, lines: Sequence[bytes]) -> Sequence[bytes]:
        """Return the records that a poll's rows (JSON, one each) give beyond what was given; nothing is noted."""
        ...

    def note(self, records: Iterable[bytes]) -> None:
        """Note records as given, in their order."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return the form that is kept."""
        ...


@dataclass
class CursorSeen:
    """Rows in the order of a column that grows. Of rows with the greatest value, those that were given are known.

    `engine` is a DuckDB connection that compares values; rows whose cursor is NULL, or is no `type`, are left out.
    """

    column: str
    type: str
    engine: Any
    newest: str | None = None
    given: dict[str, int] = field(default_factory=dict[str, int])

    def fresh(self, lines: Sequence[bytes]) -> Sequence[bytes]:
        """Return rows that are newer, and rows with the same value that were not given."""
        left = dict(self.given)
        found: list[bytes] = []
        for line, value in self._ordered(lines, self.newest):
            if value == self.newest and left.get(_hash(line), 0) > 0:
                left[_hash(line)] -= 1
            else:
                found.append(line)
        return found

    def note(self, records: Iterable[bytes]) -> None:
        """Note rows as given."""
        for line, value in self._ordered(list(records), None):
            if value != self.newest:
                self.newest, self.given = value, {}
            self.given[_hash(line)] = self.given.get(_hash(line), 0) + 1

    def _ordered(self, lines: Sequence[bytes], after: str | None) -> list[tuple[bytes, str]]:
        """Return rows with their values, by value, from one on."""
        import pyarrow as pa

        if not lines:
            return []
        texts = pa.array([line.decode() for line in lines], pa.string())
        table = pa.table({"i": pa.array(range(len(lines)), pa.int64()), "line": texts})
        pointer = "/" + self.column.replace("~", "~0").replace("/", "~1")
        self.engine.register("_polled", table)
        try:
            value = f"TRY_CAST(json_extract_string(line, {_quoted(pointer)}) AS {self.type})"
            where = "v IS NOT NULL" if after is None else f"v >= CAST({_quoted(after)} AS {self.type})"
            query = f"SELECT i, CAST(v AS VARCHAR) FROM (SELECT i, {value} AS v FROM _polled) WHERE {where} ORDER BY v, i"
            return [(lines[number], text) for number, text in self.engine.execute(query).fetchall()]
        finally:
            self.engine.unregister("_polled")

    def to_json(self) -> dict[str, Any]:
        """Return the form that is kept."""
        return {"newest": self.newest, "given": self.given}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take what was kept."""
        self.newest, self.given = data["newest"], dict(data["given"])


@dataclass
class SnapshotSeen:
    """Whole snapshots, compared by key: what is new, what is different, what is gone."""

    key: Sequence[str]
    rows: dict[str, str] = field(default_factory=dict[str, str])

    def fresh(self, lines: Sequence[bytes]) -> Sequence[bytes]:
        """Return inserts, updates and deletes; raises ConnectorError where a key is missing or stands twice."""
        found: list[bytes] = []
        present: set[str] = set()
        for line in lines:
            key = self._key(line)
            if key in present:
                what = f"the key {key} stands twice in one snapshot"
                raise ConnectorError("RNL-POLL-003", what, "Name the columns that tell rows apart.", {"field": "key"})
            present.add(key)
            known = self.rows.get(key)
            if known is None:
                found.append(_marked("insert", line))
            elif known != _hash(line):
                found.append(_marked("update", line))
        gone = [key for key in self.rows if key not in present]
        deleted = [dict(zip(self.key, json.loads(key), strict=True)) for key in gone]
        return [*found, *(_marked("delete", json.dumps(row, ensure_ascii=False).encode()) for row in deleted)]

    def note(self, records: Iterable[bytes]) -> None:
        """Note changes as given."""
        for record in records:
            op, line = _taken(record)
            if op == "delete":
                self.rows.pop(self._key(line), None)
            else:
                self.rows[self._key(line)] = _hash(line)

    def _key(self, line: bytes) -> str:
        row = json.loads(line, parse_float=str)
        missing = [name for name in self.key if row.get(name) is None]
        if missing:
            what = f"a row of the snapshot has no `{missing[0]}`"
            raise ConnectorError("RNL-POLL-003", what, "Name the columns that tell rows apart.", {"field": "key"})
        return json.dumps([row[name] for name in self.key], ensure_ascii=False)

    def to_json(self) -> dict[str, Any]:
        """Return the form that is kept."""
        return {"rows": self.rows}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take what was kept."""
        self.rows = dict(data["rows"])


def _marked(op: str, line: bytes) -> bytes:
    return b'{"%s":"%s",%s' % (OP.encode(), op.encode(), line[1:])


def _taken(record: bytes) -> tuple[str, bytes]:
    """Return what was done and the row as it was polled."""
    head, _, rest = record.partition(b",")
    return json.loads(head + b"}")[OP], b"{" + rest


def _hash(line: bytes) -> str:
    return hashlib.blake2b(line, digest_size=12).hexdigest()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
