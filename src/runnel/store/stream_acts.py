"""What people did with streams: letters edited, given again, discarded or opened anew, and targets chosen at a rewind."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from runnel.store.moments import aware

metadata = sa.MetaData()

acts = sa.Table(
    "stream_acts", metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, index=True),
    sa.Column("incarnation", sa.String(32), nullable=False),
    sa.Column("node", sa.String(300), nullable=False),
    sa.Column("verb", sa.String(16), nullable=False),
    sa.Column("letters", sa.JSON, nullable=False),
    sa.Column("actor", sa.String(200)),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)  # fmt: skip

edits = sa.Table(
    "stream_letter_edits", metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("incarnation", sa.String(32), primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("node", sa.String(300), nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("actor", sa.String(200)),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)  # fmt: skip

choices = sa.Table(
    "stream_choices", metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("incarnation", sa.String(32), primary_key=True),
    sa.Column("node", sa.String(300), primary_key=True),
    sa.Column("choice", sa.JSON, nullable=False),
)  # fmt: skip

SWITCH = ""
"""Stands where a node's name does, for the choice that is of a whole version."""
Letters = Mapping[str, Sequence[int]]
"""Epoch → numbers within its file."""


@dataclass(frozen=True)
class Act:
    """Who does something with dead letters, and why; `verb` is edit, restore, replay, discard or reopen."""

    verb: str
    actor: str | None = None
    why: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class StreamActs:
    """The acts of people on the streams of a project, in the database of their rows."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def of(self, name: str) -> list[dict[str, Any]]:
        """Return all acts on the dead letters of a stream, the oldest first."""
        query = sa.select(acts).where(acts.c.name == name).order_by(acts.c.at)
        with self.engine.connect() as connection:
            return [{**row, "at": aware(row["at"])} for row in connection.execute(query).mappings()]

    def edit(self, name: str, key: tuple[str, int, int], node: str, raw: bytes, act: Act) -> None:
        """Keep other bytes for one letter (incarnation, epoch, number); its own stay as they are."""
        incarnation, epoch, number = key
        place = {"name": name, "incarnation": incarnation, "epoch": epoch, "number": number}
        with self.engine.begin() as connection:
            connection.execute(edits.delete().where(_is(edits, place)))
            connection.execute(edits.insert().values(**place, node=node, raw=raw, actor=act.actor, at=act.at))
            note(connection, name, incarnation, node, {str(epoch): [number]}, act)

    def edit_all(
        self, name: str, incarnation: str, node: str, changed: Mapping[tuple[int, int], bytes], act: Act
    ) -> None:
        """Keep other bytes for many letters of a node (epoch, number) at once."""
        letters: dict[str, list[int]] = {}
        for epoch, number in changed:
            letters.setdefault(str(epoch), []).append(number)
        place = {"name": name, "incarnation": incarnation}
        rows = [
            {**place, "epoch": epoch, "number": number, "node": node, "raw": raw, "actor": act.actor, "at": act.at}
            for (epoch, number), raw in changed.items()
        ]
        with self.engine.begin() as connection:
            for epoch, numbers in letters.items():
                where = sa.and_(_is(edits, {**place, "epoch": int(epoch)}), edits.c.number.in_(numbers))
                connection.execute(edits.delete().where(where))
            connection.execute(edits.insert(), rows)
            note(connection, name, incarnation, node, letters, act)

    def restore(self, name: str, key: tuple[str, int, int], node: str, act: Act) -> bool:
        """Let a letter have its own bytes again; returns whether it had others."""
        incarnation, epoch, number = key
        with self.engine.begin() as connection:
            place = {"name": name, "incarnation": incarnation, "epoch": epoch, "number": number}
            made = connection.execute(edits.delete().where(_is(edits, place)))
            if made.rowcount:
                note(connection, name, incarnation, node, {str(epoch): [number]}, act)
        return bool(made.rowcount)

    def edits(self, name: str, incarnation: str | None = None) -> dict[tuple[str, int, int], bytes]:
        """Return the edited bytes by letter (incarnation, epoch, number)."""
        query = sa.select(edits).where(edits.c.name == name)
        if incarnation is not None:
            query = query.where(edits.c.incarnation == incarnation)
        with self.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return {(row["incarnation"], int(row["epoch"]), int(row["number"])): bytes(row["raw"]) for row in rows}

    def choose(self, name: str, incarnation: str, chosen: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep what becomes of the targets of an incarnation: node → settings that hold instead of the drawn ones."""
        with self.engine.begin() as connection:
            for node, choice in chosen.items():
                key = {"name": name, "incarnation": incarnation, "node": node}
                connection.execute(choices.delete().where(_is(choices, key)))
                connection.execute(choices.insert().values(**key, choice=dict(choice)))

    def switch(self, name: str, incarnation: str, switch: Mapping[str, Any]) -> None:
        """Keep what becomes, under the version that is started now, of what the one before left."""
        self.choose(name, incarnation, {SWITCH: switch})

    def switched(self, name: str, incarnation: str) -> dict[str, Any] | None:
        """Return the last switch of an incarnation."""
        where = (choices.c.name == name) & (choices.c.incarnation == incarnation) & (choices.c.node == SWITCH)
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(choices.c.choice).where(where)).scalar_one_or_none()
        return None if found is None else dict(found)

    def chosen(self, name: str, incarnation: str) -> dict[str, dict[str, Any]]:
        """Return what was chosen for the targets of an incarnation."""
        where = (choices.c.name == name) & (choices.c.incarnation == incarnation) & (choices.c.node != SWITCH)
        with self.engine.connect() as connection:
            return {row.node: dict(row.choice) for row in connection.execute(sa.select(choices).where(where))}


def note(connection: sa.Connection, name: str, incarnation: str, node: str, letters: Letters, act: Act) -> None:
    """Write an act within the transaction that does it."""
    connection.execute(acts.insert().values(
        id=secrets.token_hex(8), name=name, incarnation=incarnation, node=node, verb=act.verb,
        letters={str(epoch): list(numbers) for epoch, numbers in letters.items()}, actor=act.actor, why=act.why, at=act.at,
    ))  # fmt: skip


def _is(table: sa.Table, key: Mapping[str, Any]) -> Any:
    return sa.and_(*(table.c[name] == value for name, value in key.items()))
