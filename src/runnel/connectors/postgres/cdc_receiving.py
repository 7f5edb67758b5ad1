"""Follows the changes of a database into a log: streamed, cut anywhere, confirmed to the database after they are on disk."""

from __future__ import annotations

import contextlib
import secrets
import select
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runnel.connectors.postgres import cdc_session as sessions
from runnel.connectors.postgres.cdc_health import Health, checked_system, ready_slot
from runnel.connectors.postgres.cdc_pgoutput import UNCHANGED, Begin, Change, Commit, Mark, PgOutput, Relation
from runnel.connectors.postgres.cdc_place import WHOLE, Places
from runnel.connectors.postgres.cdc_rows import Mask, RowWriter, Shape, difference
from runnel.connectors.postgres.cdc_session import Access, Table
from runnel.connectors.postgres.cdc_snapshot import Chunk, Snapshot, mark, restored
from runnel.connectors.receiving.appending import LINES, Appending, Piece
from runnel.connectors.receiving.receiver import Receiver
from runnel.errors import ConnectorError

PIECE_BYTES, PIECE_ROWS = 1024 * 1024, 20_000
MOST_AT_ONCE = 5_000
CONFIRM_SECONDS, IDLE_CONFIRM_SECONDS = 1.0, 10.0
EPOCH_MICROSECONDS = 946_684_800_000_000
"""PostgreSQL counts from 2000."""


@dataclass(frozen=True)
class Wanted:
    """What is followed, and how."""

    tables: tuple[Table, ...]
    slot: str
    snapshot: bool = True
    chunk_rows: int = 10_000
    schema_change: Literal["evolve", "pause", "dead_letter"] = "evolve"
    masks: Mapping[str, Mask] = field(default_factory=dict)
    mask_secret: bytes = b""
    fetch: bool = False
    heartbeat_seconds: float = 30.0
    retained_bytes: int = 10 * 1024**3
    resnapshot: str = ""


class CdcReceiver(Receiver):
    """One slot of one database. `places` knows how far it is."""

    def __init__(self, name: str, appending: Appending, places: Places, access: Access, wanted: Wanted) -> None:
        super().__init__(name, appending)
        self._places, self._access, self._wanted = places, access, wanted
        appending.one_by_one = True
        self._tables = {table.full: table for table in wanted.tables}
        self._side: Any = None
        self._writer = RowWriter(wanted.masks, wanted.mask_secret, self._fetched if wanted.fetch else None)
        self._lines: list[bytes] = []
        self._size = 0
        self._count = 0
        self._retained = 0
        self._begin()

    def _begin(self) -> None:
        """Forget what belongs to one connection."""
        self._decoder = PgOutput()
        self._shapes: dict[int, Shape] = {}
        self._heads: dict[int, bytes] = {}
        self._lsn = self._time = self._ordinal = 0
        self._inside = False
        self._at = self._places.place.at
        self._end = 0
        self._confirmed = 0
        self._chunk_note: list[Any] | None = None
        self._lines, self._size = [], 0
        self._goal = f"goal {secrets.token_hex(8)}"
        self._reached = False
        self._xids: deque[int] = deque(maxlen=50_000)

    def told(self) -> Mapping[str, Any]:
        """Return how many changes came, how much of its log the database keeps for us, and how the snapshot stands."""
        progress = self._places.place.snapshot
        done = sum(one.done for one in progress.values())
        return {"received": self._count, "retained_bytes": self._retained, "snapshot": f"{done} of {len(progress)} tables"}

    def save(self) -> None:
        """Keep the place."""
        self._places.save()

    def receive(self) -> None:
        """Serve one connection."""
        self._drain()  # what became durable of the connection before is not read again
        self._begin()
        with self._access.session() as side:
            self._side = side
            with self._access.session(replication=True) as link:
                system = checked_system(link, self._places.place, self._wanted)
                ready_slot(side, self._places, self._wanted, system, self.appending)
                self._at = self._places.place.at
                self._serve(link, side)

    # -- the loop

    def _serve(self, link: Any, side: Any) -> None:
        psycopg2 = sessions.driver()
        place = self._places.place
        progress = restored(self._wanted.tables, {k: vars(v) for k, v in place.snapshot.items()}, self._wanted.snapshot)
        place.snapshot = progress
        self._snapshot = Snapshot(self._wanted.tables, progress, self._wanted.chunk_rows, secrets.token_hex(4))
        self._places.save()
        cursor = link.cursor()
        options = {"proto_version": "1", "publication_names": f'"{self._wanted.slot}"', "messages": "true"}
        try:
            cursor.start_replication(slot_name=self._wanted.slot, decode=False, status_interval=10, options=options)
            mark(side, self._goal)
            self.trouble = ""
            health = Health(side, self._wanted)
            confirmed_at = beat_at = time.monotonic()
            while not self.stopping.is_set():
                busy = self._take(cursor)
                if self.appending.empty or self._size > PIECE_BYTES or len(self._lines) >= PIECE_ROWS:
                    self._flush()  # while a piece is on its way to the disk, the next one grows
                self._settle(cursor, busy)
                now = time.monotonic()
                if now - confirmed_at > CONFIRM_SECONDS:
                    confirmed_at = now
                    self._confirm(cursor)
                    self._look(health, now)
                if now - beat_at > self._wanted.heartbeat_seconds:
                    beat_at = now
                    mark(side, "beat")
                if self._may_begin_chunk():
                    self._snapshot.begin(side)
                elif not busy:
                    select.select([link], [], [], 0.002 if self._lines or not self.appending.empty else 0.05)
            self._flush()
            self._drain()
            self._settle(cursor, True)
            self._confirm(cursor)
        except psycopg2.Error as error:
            raise sessions.told(error, "following the changes") from error

    def _take(self, cursor: Any) -> bool:
        """Read what is there, as long as the log takes it; returns whether there was anything."""
        if self.appending.full:
            self.trouble = f"nothing more is taken: {self.appending.refused}" if self.appending.refused else self.trouble
            time.sleep(0.02)
            cursor.send_feedback(reply=False)
            return True
        for number in range(MOST_AT_ONCE):
            message = cursor.read_message()
            if message is None:
                return number > 0
            self._message(message.payload)
            if self._size > PIECE_BYTES or len(self._lines) >= PIECE_ROWS:
                return True
        return True

    def _message(self, data: bytes) -> None:
        for item in self._decoder.decode(data):
            if isinstance(item, Change):
                self._ordinal += 1
                if (self._lsn, self._ordinal) > self._at:
                    self._change(item)
            elif isinstance(item, Begin):
                self._lsn, self._time, self._ordinal, self._inside = item.lsn, item.time + EPOCH_MICROSECONDS, 0, True
                self._xids.append(item.xid)
                self._heads.clear()
            elif isinstance(item, Commit):
                self._inside = False
                self._at = max(self._at, (item.lsn, WHOLE))
                self._end = item.end
            elif isinstance(item, Mark) and item.prefix == sessions.PREFIX:
                self._marked(item.content.decode("utf-8", "replace"))
            elif isinstance(item, Relation):
                self._shapes.pop(item.id, None)
                self._heads.pop(item.id, None)

    def _change(self, change: Change) -> None:
        relation = change.relation
        if relation.table not in self._tables:
            return
        shape = self._shapes.get(relation.id)
        if shape is None:
            shape = self._shapes[relation.id] = self._known(relation)
        self._at = (self._lsn, self._ordinal)
        self._count += 1
        if self._snapshot.chunk is not None:
            self._touch(change, shape)
        if change.kind == "I" and not shape.masks and not shape.refuse:
            head = self._heads.get(relation.id)
            if head is None:
                head = self._heads[relation.id] = self._writer.head("insert", relation.table, self._lsn, self._time)
            line = self._writer.plain(change, shape, head)
        else:
            line = self._writer.change(change, shape, self._lsn, self._time)
        self._lines.append(line)
        self._size += len(line)

    def _touch(self, change: Change, shape: Shape) -> None:
        """Leave rows of the chunk to the changes."""
        table = self._tables[change.relation.table]
        if change.kind == "T":
            self._snapshot.truncated(table.full)
            return
        places = [shape.columns.index(name) for name in table.key if name in shape.columns]
        keys = [tuple(row[place] for place in places) for row in (change.new, change.old) if row is not None]
        self._snapshot.changed(table.full, [key for key in keys if UNCHANGED not in key])

    def _known(self, relation: Relation) -> Shape:
        """See whether a table still has the columns that it had, and do what is wanted where not."""
        table, place = self._tables[relation.table], self._places.place
        before = place.schemas.setdefault(relation.table, table.signature)
        words, refuse = difference(before, relation), ""
        if words:
            if self._wanted.schema_change == "dead_letter":
                refuse = f"the table changed: {words}"
            else:
                present = [list(item) for item in zip(relation.columns, relation.types, relation.modifiers, strict=True)]
                self._flush()
                self._drain()
                place.schemas[relation.table] = present
                self._places.save()
                if self._wanted.schema_change == "pause":
                    what = f"the table {relation.table} changed: {words}"
                    hint = "Start the stream again to go on with the table as it is now."
                    raise ConnectorError("RNL-CDC-009", what, hint)
        return self._writer.shape(relation.table, relation.columns, table.key or relation.keys, refuse)

    # -- marks and chunks

    def _marked(self, text: str) -> None:
        if text == self._goal:
            self._reached = True
            return
        chunk = self._snapshot.mark_seen(text, frozenset(self._xids) if text.startswith("low") else frozenset())
        if chunk is not None:
            self._flush()
            self._append_chunk(chunk)

    def _append_chunk(self, chunk: Chunk) -> None:
        """Append the rows of a chunk that did not change, as one piece with what it means for the snapshot."""
        place = self._places.place
        done = chunk.is_last
        self._chunk_note = [place.chunks + 1, chunk.table.full, chunk.last, done]
        shape = self._writer.shape(chunk.table.full, chunk.table.columns, chunk.table.key)
        self._lines = [
            self._writer.snapshot(chunk.table.full, shape, row, self._lsn, self._time) for row in chunk.rows.values()
        ]
        self._count += len(self._lines)
        if self._lines:
            self._flush(chunk=True)
        else:
            self._drain()
            self._keep_chunk(self._chunk_note)

    def _keep_chunk(self, note: list[Any]) -> None:
        place = self._places.place
        place.chunks = note[0]
        self._snapshot.kept(note[1], note[2], note[3])
        self._chunk_note = None
        self._places.save()

    def _may_begin_chunk(self) -> bool:
        snapshot = self._snapshot
        return not snapshot.done and snapshot.chunk is None and self._chunk_note is None and not self.appending.full

    # -- what is durable

    def _flush(self, *, chunk: bool = False) -> None:
        if not self._lines:
            return
        note = self._chunk_note if chunk else None
        headers: dict[str, Any] = {"at": list(self._at), "slot": self._wanted.slot}
        if note is not None:
            headers["chunk"] = note
        token = (self._at, self._end, note)
        self.appending.offer(Piece(token, b"\n".join(self._lines) + b"\n", len(self._lines), LINES, headers))
        self._lines, self._size = [], 0

    def _drain(self) -> None:
        """Wait until everything is durable; gives up when the log has no room and the stream is to end."""
        while not self.appending.empty and not (self.appending.refused and self.stopping.is_set()):
            self.appending.wait()
            self._settled()
            if self.appending.refused:
                self.trouble = f"nothing more is taken: {self.appending.refused}"
                time.sleep(0.05)

    def _settled(self) -> None:
        place = self._places.place
        for (at, end, note), _ in self.appending.settled():
            place.at = max(place.at, at)
            self._confirmed = max(self._confirmed, end)
            if note is not None:
                self._keep_chunk(note)

    def _settle(self, cursor: Any, busy: bool) -> None:
        """Take note of what is durable, and of where the stream stands when nothing is under way."""
        self._settled()
        if self.appending.empty and not self._lines and not self._inside:
            self._confirmed = max(self._confirmed, self._end)
            if not busy:
                self._confirmed = max(self._confirmed, int(cursor.wal_end))
        if not self.appending.refused:
            self.trouble = "" if self.trouble.startswith("nothing more") else self.trouble
        self.at_end = not busy and self.appending.empty and self._reached and self._snapshot.done
        self.settled = self.settled or self.at_end

    def _confirm(self, cursor: Any) -> None:
        """Tell the database what it need not keep any longer; that we did so is known before it does."""
        place = self._places.place
        if self._confirmed > place.sent:
            place.sent = self._confirmed
            self._places.save()
            cursor.send_feedback(flush_lsn=self._confirmed, reply=False)

    def _look(self, health: Health, now: float) -> None:
        """Watch how much the database keeps for us."""
        found = health.look(now)
        if found is None:
            return
        self._retained, words, alarm = found
        self.trouble = words
        self.alarm = alarm or self.alarm

    def _fetched(self, table: str, key: Mapping[str, str], names: list[str]) -> Mapping[str, Any]:
        """Return the values that columns have now, of the row with a key."""
        known = self._tables[table]
        where = " AND ".join(f"{sessions.quoted(name)} = %s" for name in key)
        columns = ", ".join(f"{sessions.quoted(name)}::text" for name in names)
        with contextlib.suppress(ConnectorError):
            found = sessions.rows(self._side, f"SELECT {columns} FROM {known.sql} WHERE {where}", list(key.values()))
            if found:
                return dict(zip(names, found[0], strict=True))
        return {}
