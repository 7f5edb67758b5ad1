"""The rows of streams: one per stream, replaced by each commit; leases, wishes, kept boundaries, dead letters by epoch."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from runnel.errors import AuthoringError, ConnectorError, LimitError
from runnel.store.opening import make_engine
from runnel.store.ownership import is_dead, myself
from runnel.store.stream_acts import Act, StreamActs, note
from runnel.store.stream_acts import metadata as of_acts
from runnel.store.stream_pauses import StreamPauses
from runnel.store.stream_pauses import metadata as of_pauses
from runnel.store.trouble import tell_trouble
from runnel.store.upgrading import alone

metadata = sa.MetaData()
Moment = sa.DateTime(timezone=True)

streams = sa.Table(
    "streams", metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("incarnation", sa.String(32), nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("token", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.JSON),
    sa.Column("beat", sa.BigInteger, nullable=False),
    sa.Column("wanted", sa.String(16), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("told", sa.JSON),
    sa.Column("error", sa.JSON),
    sa.Column("row", sa.Text),
    sa.Column("version", sa.String(64)),
    sa.Column("path", sa.Text),
    sa.Column("params", sa.JSON),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)  # fmt: skip

boundaries = sa.Table(
    "stream_boundaries", metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("incarnation", sa.String(32), primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("label", sa.String(200)),
    sa.Column("place", sa.Text, nullable=False),
)  # fmt: skip

letters = sa.Table(
    "stream_letters", metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("incarnation", sa.String(32), primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True),
    sa.Column("node", sa.String(300), primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("settled", sa.JSON, nullable=False),
    sa.Column("file", sa.JSON, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)  # fmt: skip

savepoints = sa.Table(
    "stream_savepoints", metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("label", sa.String(200), primary_key=True),
    sa.Column("incarnation", sa.String(32), nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("row", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)  # fmt: skip

requests = sa.Table(
    "stream_requests", metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, index=True),
    sa.Column("incarnation", sa.String(32), nullable=False),
    sa.Column("node", sa.String(300), nullable=False),
    sa.Column("letters", sa.JSON, nullable=False),
    sa.Column("records", sa.JSON, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("epoch", sa.BigInteger),
    sa.Column("created_at", Moment, nullable=False),
)  # fmt: skip

EVERY = (metadata, of_acts, of_pauses)
"""What holds the tables of streams; each table has the stream's name."""
LEASE_SECONDS = 10.0
SUSPENDED = "suspended"
"""The status of a stream that ran when its server ended in order, and goes on with it."""


class StreamLeaseLostError(Exception):
    """Another process has the stream."""


@dataclass(frozen=True)
class Lease:
    """The right to write a stream's rows: `token` grows with every owner."""

    name: str
    incarnation: str
    token: int


class StreamStore:
    """The rows of all streams of a project."""

    def __init__(self, url: str, home: Path) -> None:
        self.url = url
        self.engine = make_engine(url)
        tell_trouble(self.engine)
        self.home = home
        self.acts = StreamActs(self.engine)
        self.pauses = StreamPauses(self.engine)

    @staticmethod
    def attach(url: str, home: Path) -> StreamStore:
        """Open rows that are there, as `url` of another store of them says."""
        return StreamStore(url, home)

    @staticmethod
    def open(url: str, home: Path) -> StreamStore:
        """Open the rows: beside a SQLite store in a file of their own, so that streams and runs do not wait for each other."""
        if url.startswith("sqlite"):
            (home / "streams").mkdir(parents=True, exist_ok=True)
            url = f"sqlite:///{home / 'streams' / 'streams.db'}"
        store = StreamStore(url, home)
        there = set(sa.inspect(store.engine).get_table_names())
        if not there.issuperset(name for of in EVERY for name in of.tables):
            with alone(store.engine) as connection:
                for of in EVERY:
                    of.create_all(connection)
        return store

    def folder(self, name: str, incarnation: str) -> Path:
        """Return the folder of an incarnation's files."""
        return self.home / "streams" / name / incarnation

    def list(self) -> list[dict[str, Any]]:
        """Return every stream, without its row."""
        columns = [column for column in streams.c if column.name != "row"]
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(sa.select(*columns).order_by(streams.c.name)).mappings()]

    def get(self, name: str) -> dict[str, Any] | None:
        """Return one stream with its row (parsed) and its paused wires, or None."""
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(streams).where(streams.c.name == name)).mappings().first()
        if found is None:
            return None
        return {**found, "row": json.loads(found["row"]) if found["row"] else None, "pauses": self.pauses.of(name)}

    def wish(self, name: str, wanted: str) -> bool:
        """Say what is wanted of a stream: running, paused, stopped or drained; returns whether there is such a stream."""
        with self.engine.begin() as connection:
            made = connection.execute(
                streams.update().where(streams.c.name == name).values(wanted=wanted, updated_at=datetime.now(UTC))
            )
        return made.rowcount == 1

    def halt(self, name: str, error: Mapping[str, Any] | None) -> None:
        """Note what a running stream waits for to pass by itself, or that it goes on."""
        where = (streams.c.name == name) & (streams.c.status == "running")
        with self.engine.begin() as connection:
            connection.execute(streams.update().where(where).values(error=error))

    def suspend(self, name: str) -> None:
        """Let a running stream stop after its epoch because its process goes; what is wanted of it stays."""
        where = (streams.c.name == name) & (streams.c.status == "running")
        with self.engine.begin() as connection:
            connection.execute(streams.update().where(where).values(status=SUSPENDED, updated_at=datetime.now(UTC)))

    def take(self, name: str, version: str, path: str, params: Mapping[str, Any], again: bool = False) -> Lease:
        """Take a stream over (or make it); raises LimitError where a living owner has it.

        An owner on the same boot of this machine whose process is gone is dead at once; any other one is dead when its
        beat has stood still for the time of a lease, as this process saw it on its own monotonic clock. `again` says that
        nobody asked for it just now: what is wanted of the stream stays.
        """
        seen: tuple[int, int] | None = None
        since = time.monotonic()
        while True:
            taken = self._try_to_take(name, version, path, params, again, seen, time.monotonic() - since)
            if isinstance(taken, Lease):
                return taken
            if seen is None:
                seen, since = taken, time.monotonic()
            elif taken != seen:
                what = f"the stream {name} is run by another process, which lives"
                raise LimitError("RNL-STREAM-030", what, f"Stop it there first: runnel stream stop {name}")
            time.sleep(0.5)

    def _try_to_take(
        self, name: str, version: str, path: str, params: Mapping[str, Any], again: bool, seen: tuple[int, int] | None,
        waited: float,
    ) -> Lease | tuple[int, int]:  # fmt: skip
        now = datetime.now(UTC)
        mine = {"owner": myself(), "beat": 0, "status": "running", "wanted": "running", "error": None, "updated_at": now,
                "version": version, "path": path, "params": dict(params)}  # fmt: skip
        with self.engine.begin() as connection:
            found = connection.execute(sa.select(streams).where(streams.c.name == name).with_for_update()).mappings().first()
            if found is None:
                made = {"name": name, "incarnation": secrets.token_hex(8), "epoch": 0, "token": 1, "created_at": now}
                connection.execute(streams.insert().values(**made, **mine))
                return Lease(name, str(made["incarnation"]), 1)
            state = (int(found["token"]), int(found["beat"]))
            owner = found["owner"]
            free = owner is None or owner == myself() or is_dead(owner) or (seen == state and waited >= LEASE_SECONDS)
            if not free:
                return state
            if again:
                mine |= {"wanted": found["wanted"], "error": found["error"] if found["status"] == "running" else None}
            where = (streams.c.name == name) & (streams.c.token == found["token"]) & (streams.c.beat == found["beat"])
            made = connection.execute(streams.update().where(where).values(token=found["token"] + 1, **mine))
            if made.rowcount != 1:
                return state
            return Lease(name, found["incarnation"], int(found["token"]) + 1)

    def release(
        self, lease: Lease, status: str, error: Mapping[str, Any] | None, told: Mapping[str, Any] | None = None
    ) -> None:
        """Give a stream back, with its last words; nothing happens where another owner has it already."""
        last = {} if told is None else {"told": dict(told)}
        with self.engine.begin() as connection:
            before = connection.execute(sa.select(streams.c.status).where(_of(lease))).scalar_one_or_none()
            status = SUSPENDED if before == SUSPENDED and status == "stopped" else status
            connection.execute(
                streams.update().where(_of(lease))
                .values(owner=None, status=status, error=error, updated_at=datetime.now(UTC), **last)
            )  # fmt: skip

    def load(self, lease: Lease) -> dict[str, Any] | None:
        """Return the row of a stream, or None before its first epoch."""
        with self.engine.connect() as connection:
            text = connection.execute(sa.select(streams.c.row).where(_of(lease))).scalar_one_or_none()
        return json.loads(text) if text else None

    def commit(
        self, lease: Lease, epoch: int, row: Mapping[str, Any], at: int, refused: Mapping[str, int],
        file: Mapping[str, Any] | None, entered: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Write the row of an epoch where that of the epoch before stands; raises StreamLeaseLostError where it does not."""
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        place = json.dumps(row["deltas"][-1]["place"] if row["deltas"] else {}, ensure_ascii=False, separators=(",", ":"))
        try:
            with self.engine.begin() as connection:
                where = _of(lease) & (streams.c.epoch == epoch - 1)
                made = connection.execute(streams.update().where(where).values(epoch=epoch, row=text))
                if made.rowcount != 1:
                    raise StreamLeaseLostError
                key = {"name": lease.name, "incarnation": lease.incarnation, "epoch": epoch}
                connection.execute(boundaries.insert().values(**key, at=at, place=place))
                for node, count in refused.items():
                    connection.execute(letters.insert().values(
                        **key, node=node, count=count, settled={}, file=file, created_at=datetime.now(UTC)
                    ))  # fmt: skip
                for id in entered:
                    self._replayed(connection, id, epoch)
        except (DBAPIError, ConnectorError) as error:
            if not self._holds(lease, epoch, text):
                what = f"writing epoch {epoch} of the stream {lease.name}: {error}"
                raise ConnectorError("RNL-STREAM-031", what, "Look at the metadata store.", retryable=True) from error

    def _replayed(self, connection: sa.Connection, id: str, epoch: int) -> None:
        """Settle the letters of a request that entered in an epoch."""
        found = connection.execute(sa.select(requests).where(requests.c.id == id)).mappings().first()
        if found is None:
            return
        connection.execute(requests.update().where(requests.c.id == id).values(status="done", epoch=epoch))
        _settle(connection, found["name"], found["incarnation"], found["node"], found["letters"], f"replayed:{epoch}")

    def ask(
        self, name: str, node: str, letters: Mapping[str, Sequence[int]], records: Sequence[str], incarnation: str,
        act: Act | None = None,
    ) -> str:  # fmt: skip
        """Ask a stream to take dead letters again (epoch → numbers, and what is given, base64); returns the request's id.

        The letters are claimed in the same transaction; raises AuthoringError when one of them is settled already.
        """
        id = secrets.token_hex(8)
        with self.engine.begin() as connection:
            _settle(connection, name, incarnation, node, letters, f"replaying:{id}")
            connection.execute(requests.insert().values(
                id=id, name=name, incarnation=incarnation, node=node, letters=dict(letters), records=list(records),
                status="waiting", created_at=datetime.now(UTC),
            ))  # fmt: skip
            note(connection, name, incarnation, node, letters, act or Act("replay"))
        return id

    def requests(self, lease: Lease, ids: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Return the requests that wait for a stream, or those of some ids, the oldest first."""
        which = requests.c.status == "waiting" if ids is None else requests.c.id.in_(ids)
        query = sa.select(requests).where(requests.c.name == lease.name, which).order_by(requests.c.created_at)
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def settle(
        self, name: str, incarnation: str, node: str, letters: Mapping[str, Sequence[int]], state: str, act: Act | None = None
    ) -> int:
        """Settle open dead letters (epoch → numbers), such as `discarded:why`; returns how many."""
        with self.engine.begin() as connection:
            count = _settle(connection, name, incarnation, node, letters, state)
            note(connection, name, incarnation, node, letters, act or Act("discard", why=state.partition(":")[2]))
        return count

    def reopen(self, name: str, incarnation: str, node: str, letters: Mapping[str, Sequence[int]], act: Act) -> int:
        """Let discarded letters be open again, and those that wait for a stream that does not run; returns how many.

        Raises LimitError for letters that a running stream is about to take, AuthoringError for those that entered.
        """
        with self.engine.begin() as connection:
            where = streams.c.name == name
            connection.execute(streams.update().where(where).values(beat=streams.c.beat))  # nobody takes it meanwhile
            owner = connection.execute(sa.select(streams.c.owner).where(where)).scalar_one_or_none()
            count = _reopen(connection, (name, incarnation, node), letters, owner is None or is_dead(owner))
            note(connection, name, incarnation, node, letters, act)
        return count

    def forget_savepoint(self, name: str, label: str) -> bool:
        """Let a savepoint go; its files go with the next base. Returns whether there was one."""
        where = (savepoints.c.name == name) & (savepoints.c.label == label)
        with self.engine.begin() as connection:
            return connection.execute(savepoints.delete().where(where)).rowcount == 1

    def _holds(self, lease: Lease, epoch: int, text: str) -> bool:
        """Tell whether a commit whose reply was lost is there."""
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(streams.c.epoch, streams.c.row).where(_of(lease))).first()
        return found is not None and found[0] == epoch and found[1] == text

    def begin(self, lease: Lease, row: Mapping[str, Any]) -> Lease:
        """Begin a new incarnation with a row of its own; the epochs count on. Raises StreamLeaseLostError."""
        incarnation = str(row["incarnation"])
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        with self.engine.begin() as connection:
            made = connection.execute(
                streams.update().where(_of(lease)).values(incarnation=incarnation, epoch=row["epoch"], row=text, told=None)
            )
            if made.rowcount != 1:
                raise StreamLeaseLostError
        return Lease(lease.name, incarnation, lease.token)

    def remove(self, lease: Lease) -> None:
        """Remove everything that stands of a stream. Raises StreamLeaseLostError where another owner has it."""
        with self.engine.begin() as connection:
            if connection.execute(streams.delete().where(_of(lease))).rowcount != 1:
                raise StreamLeaseLostError
            for table in (table for of in EVERY for table in of.sorted_tables if table is not streams):
                connection.execute(table.delete().where(table.c.name == lease.name))

    def savepoint(self, name: str, label: str) -> int | None:
        """Keep the stream as it stands under a label; returns its epoch, None before the first. Its files stay."""
        with self.engine.begin() as connection:
            where = streams.c.name == name
            connection.execute(streams.update().where(where).values(beat=streams.c.beat))  # no commit comes in between
            found = connection.execute(sa.select(streams).where(where)).mappings().first()
            if found is None or not found["row"]:
                return None
            key = (savepoints.c.name == name) & (savepoints.c.label == label)
            connection.execute(savepoints.delete().where(key))
            connection.execute(savepoints.insert().values(
                name=name, label=label, incarnation=found["incarnation"], epoch=found["epoch"], row=found["row"],
                created_at=datetime.now(UTC),
            ))  # fmt: skip
            return int(found["epoch"])

    def savepoints(self, name: str) -> list[dict[str, Any]]:
        """Return the savepoints of a stream with their rows, the newest first."""
        query = sa.select(savepoints).where(savepoints.c.name == name).order_by(savepoints.c.created_at.desc())
        with self.engine.connect() as connection:
            found = connection.execute(query).mappings().all()
        return [{**item, "row": json.loads(item["row"])} for item in found]

    def beat(self, lease: Lease, told: Mapping[str, Any] | None) -> str:
        """Show that the owner lives, with what it tells of itself; returns what is wanted. Raises StreamLeaseLostError."""
        values: dict[str, Any] = {"beat": streams.c.beat + 1}
        if told is not None:
            values["told"] = told
        with self.engine.begin() as connection:
            made = connection.execute(streams.update().where(_of(lease)).values(**values))
            if made.rowcount != 1:
                raise StreamLeaseLostError
            wanted, status = connection.execute(sa.select(streams.c.wanted, streams.c.status).where(_of(lease))).one()
            return "stopped" if status == SUSPENDED else str(wanted)

    def needed(self, lease: Lease) -> set[str]:
        """Return the names of files that dead letters and savepoints need."""
        where = (letters.c.name == lease.name) & (letters.c.incarnation == lease.incarnation)
        kept = (savepoints.c.name == lease.name) & (savepoints.c.incarnation == lease.incarnation)
        with self.engine.connect() as connection:
            names = {row[0]["name"] for row in connection.execute(sa.select(letters.c.file).where(where))}
            for (text,) in connection.execute(sa.select(savepoints.c.row).where(kept)):
                names |= _files_of(json.loads(text))
        return names

    def mended(self, lease: Lease, epoch: int, file: Mapping[str, Any]) -> None:
        """Note that the dead letters of an epoch lie in another file."""
        where = (letters.c.name == lease.name) & (letters.c.incarnation == lease.incarnation) & (letters.c.epoch == epoch)
        with self.engine.begin() as connection:
            connection.execute(letters.update().where(where).values(file=file))

    def thin(self, name: str, now: int) -> int:
        """Forget boundaries that need not be kept: each epoch for a day, then one a minute for a month, then one an hour."""
        removed = 0
        with self.engine.begin() as connection:
            for older, newer, step in ((86_400, 30 * 86_400, 60), (30 * 86_400, 100 * 365 * 86_400, 3_600)):
                span = sa.and_(boundaries.c.at <= now - older * 1_000_000, boundaries.c.at > now - newer * 1_000_000)
                group = boundaries.c.at / (step * 1_000_000)
                kept = sa.select(sa.func.max(boundaries.c.epoch)).where(span, boundaries.c.name == name).group_by(
                    boundaries.c.incarnation, sa.cast(group, sa.BigInteger)
                )  # fmt: skip
                made = connection.execute(boundaries.delete().where(
                    span, boundaries.c.name == name, boundaries.c.label.is_(None), boundaries.c.epoch.not_in(kept)
                ))  # fmt: skip
                removed += made.rowcount
        return removed

    def boundary(self, name: str, incarnation: str | None, epoch: int) -> dict[str, Any] | None:
        """Return the place at a kept boundary, the last one at or before an epoch, of any incarnation where that is None."""
        where = (boundaries.c.name == name) & (boundaries.c.epoch <= epoch)
        if incarnation is not None:
            where &= boundaries.c.incarnation == incarnation
        query = sa.select(boundaries).where(where).order_by(boundaries.c.epoch.desc()).limit(1)
        with self.engine.connect() as connection:
            found = connection.execute(query).mappings().first()
        return {**found, "place": json.loads(found["place"])} if found else None

    def first_epoch(self, name: str, incarnation: str) -> int:
        """Return the first epoch of an incarnation that has a kept boundary; 0 where none has."""
        where = (boundaries.c.name == name) & (boundaries.c.incarnation == incarnation)
        with self.engine.connect() as connection:
            return int(connection.execute(sa.select(sa.func.min(boundaries.c.epoch)).where(where)).scalar() or 0)

    def boundaries(self, name: str, incarnation: str, limit: int) -> list[dict[str, Any]]:
        """Return the newest kept boundaries of an incarnation: epoch, label, and when (microseconds)."""
        columns = (boundaries.c.epoch, boundaries.c.at, boundaries.c.label)
        of_it = (boundaries.c.name == name) & (boundaries.c.incarnation == incarnation)
        query = sa.select(*columns).where(of_it).order_by(boundaries.c.epoch.desc()).limit(limit)
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def letters(self, name: str, incarnation: str | None = None) -> list[dict[str, Any]]:
        """Return the dead letters of a stream by epoch and node, the oldest first."""
        query = sa.select(letters).where(letters.c.name == name).order_by(letters.c.epoch, letters.c.node)
        if incarnation is not None:
            query = query.where(letters.c.incarnation == incarnation)
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _settle(
    connection: sa.Connection, name: str, incarnation: str, node: str, given: Mapping[str, Sequence[int]], state: str
) -> int:
    """Give letters a state; one that is settled can only be settled by whoever claimed it."""
    count = 0
    for epoch, numbers in given.items():
        where = _letters((name, incarnation, node), int(epoch))
        connection.execute(letters.update().where(where).values(count=letters.c.count))  # takes the row
        settled = dict(connection.execute(sa.select(letters.c.settled).where(where)).scalar_one_or_none() or {})
        for number in numbers:
            before = settled.get(str(number))
            if before is not None and not (before.startswith("replaying:") and state.startswith("replayed:")):
                what = f"letter {number} of epoch {epoch} is {before.split(':')[0]} already"
                raise AuthoringError("RNL-LETTER-007", what, "Look at the open ones.")
            settled[str(number)] = state
            count += 1
        connection.execute(letters.update().where(where).values(settled=settled))
    return count


def _reopen(
    connection: sa.Connection, key: tuple[str, str, str], given: Mapping[str, Sequence[int]], is_still: bool
) -> int:
    """Open settled letters; requests that were not taken yet are taken back whole."""
    count, back = 0, set[str]()
    for epoch, numbers in given.items():
        where = _letters(key, int(epoch))
        settled = dict(connection.execute(sa.select(letters.c.settled).where(where)).scalar_one_or_none() or {})
        for number in numbers:
            state, _, about = str(settled.get(str(number), "open")).partition(":")
            if state == "replaying" and is_still:
                back.add(about)
            elif state == "discarded":
                del settled[str(number)]
                count += 1
            elif state == "replaying":
                what = f"the stream {key[0]} is about to take letter {number} of epoch {epoch}"
                raise LimitError("RNL-LETTER-008", what, "Wait until it is replayed, or stop the stream first.")
            else:
                what = f"letter {number} of epoch {epoch} is {state}, and cannot be opened again"
                raise AuthoringError("RNL-LETTER-007", what, "Discarded ones can, and those that wait to be replayed.")
        connection.execute(letters.update().where(where).values(settled=settled))
    return count + sum(_take_back(connection, key, id) for id in sorted(back))


def _take_back(connection: sa.Connection, key: tuple[str, str, str], id: str) -> int:
    """Open the letters of a request that waits, and let the request go."""
    found = connection.execute(sa.select(requests).where(requests.c.id == id)).mappings().one()
    connection.execute(requests.delete().where(requests.c.id == id))
    for epoch, numbers in found["letters"].items():
        where = _letters(key, int(epoch))
        settled = dict(connection.execute(sa.select(letters.c.settled).where(where)).scalar_one())
        for number in numbers:
            settled.pop(str(number), None)
        connection.execute(letters.update().where(where).values(settled=settled))
    return sum(len(numbers) for numbers in found["letters"].values())


def _letters(key: tuple[str, str, str], epoch: int) -> Any:
    name, incarnation, node = key
    where = (letters.c.name == name) & (letters.c.incarnation == incarnation) & (letters.c.node == node)
    return where & (letters.c.epoch == epoch)


def _files_of(row: Mapping[str, Any]) -> set[str]:
    """Return the names of the files that a row needs."""
    kept = [item["file"] for item in (*row["bases"], *row["deltas"]) if item["file"]]
    kept += [parcel["file"] for parcels in row["outboxes"].values() for parcel in parcels]
    return {str(file["name"]) for file in kept}


def _of(lease: Lease) -> Any:
    return (streams.c.name == lease.name) & (streams.c.incarnation == lease.incarnation) & (streams.c.token == lease.token)
