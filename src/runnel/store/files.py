"""Files: the register of objects that somebody needs. An object without a row here is garbage; a row names one object."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from runnel.sdk.objects import ObjectRef
from runnel.store.tables import files


def register(connection: sa.Connection, ref: ObjectRef, run_id: str | None) -> str:
    """Write the row of an object, in place of an older row of its key; returns the row's id.

    Part of the caller's transaction, after the put: a kill in between leaves an object that `gc` removes.
    """
    id = uuid.uuid4().hex
    row: dict[str, Any] = {"id": id, "path": ref.key, "bytes": ref.bytes, "digest": ref.digest or "", "run_id": run_id}
    connection.execute(files.delete().where(files.c.path == ref.key))
    connection.execute(files.insert().values(**row, created_at=datetime.now(UTC)))
    return id


def forget(connection: sa.Connection, key: str) -> None:
    """Remove the row of an object; the object itself is deleted after the transaction."""
    connection.execute(files.delete().where(files.c.path == key))


def registered(connection: sa.Connection, key: str) -> ObjectRef | None:
    """Return the reference of a key, None when nobody needs such an object."""
    row = connection.execute(sa.select(files).where(files.c.path == key)).mappings().first()
    return None if row is None else ObjectRef(row["path"], int(row["bytes"]), row["digest"] or None)


def needed(connection: sa.Connection, prefix: str) -> set[str]:
    """Return the keys below a prefix that have a row."""
    where = files.c.path.startswith(prefix, autoescape=True)
    return set(connection.execute(sa.select(files.c.path).where(where)).scalars())
