"""Wires of streams that a person paused: kept by the node at their end until somebody resumes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from runnel.store.moments import aware

metadata = sa.MetaData()

pauses = sa.Table(
    "stream_pauses", metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("node", sa.String(300), primary_key=True),
    sa.Column("end", sa.String(8), nullable=False),
    sa.Column("actor", sa.String(200)),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)  # fmt: skip


class StreamPauses:
    """What is paused of the streams of a project, in the database of their rows; `end` is sink or source."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def of(self, name: str) -> list[dict[str, Any]]:
        """Return what is paused of a stream: node, end, actor and when, the oldest first."""
        columns = (pauses.c.node, pauses.c.end, pauses.c.actor, pauses.c.at)
        query = sa.select(*columns).where(pauses.c.name == name).order_by(pauses.c.at, pauses.c.node)
        with self.engine.connect() as connection:
            return [{**row, "at": aware(row["at"])} for row in connection.execute(query).mappings()]

    def pause(self, name: str, node: str, end: str, actor: str | None) -> bool:
        """Pause what leads to a sink or comes of a source; returns whether it was not paused before."""
        row = {"name": name, "node": node, "end": end, "actor": actor, "at": datetime.now(UTC)}
        try:
            with self.engine.begin() as connection:
                connection.execute(pauses.insert().values(**row))
        except IntegrityError:
            return False
        return True

    def follow(self, name: str, names: Mapping[str, str], ends: Mapping[str, str]) -> None:
        """Let pauses go with nodes that have another name in what runs now (now → then), and end those of nodes that are gone."""
        then = {old: new for new, old in names.items() if old not in ends}
        for item in self.of(name):
            known = str(item["node"])
            node = then.get(known, known)
            if node == item["node"] and ends.get(node) == item["end"]:
                continue
            if ends.get(node) == item["end"]:
                self.pause(name, node, item["end"], item["actor"])
            self.resume(name, item["node"])

    def resume(self, name: str, node: str) -> bool:
        """Let it go on; returns whether it was paused."""
        where = (pauses.c.name == name) & (pauses.c.node == node)
        with self.engine.begin() as connection:
            return connection.execute(pauses.delete().where(where)).rowcount == 1
