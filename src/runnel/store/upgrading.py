"""The schema of the metadata database: created or upgraded by Alembic, with a backup before an upgrade."""

from __future__ import annotations

import fcntl
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

HEAD = "0001"
LOCK = 0x52554E4E454C
"""The number of the advisory lock on a database server: RUNNEL in ASCII."""
MIGRATIONS = Path(__file__).parent / "migrations"


def current_revision(engine: sa.Engine) -> str | None:
    """Return the revision of a database, or None for an empty one."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(engine: sa.Engine, home: Path) -> Path | None:
    """Bring the schema to the newest revision; returns the backup that was made before, if one was.

    Programs that find an old schema at the same moment upgrade one after the other.
    """
    if current_revision(engine) == HEAD:
        return None
    with _alone(engine, home):
        return _upgrade(engine, home)


@contextmanager
def _alone(engine: sa.Engine, home: Path) -> Iterator[None]:
    """Hold the right to change the schema: a lock of the server where there is one, a lock file else."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
            try:
                yield
            finally:
                connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
        return
    with open(home / "upgrade.lock", "w", encoding="utf-8") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        yield


def _upgrade(engine: sa.Engine, home: Path) -> Path | None:
    revision = current_revision(engine)
    if revision == HEAD:
        return None
    backup = back_up(engine, home, revision) if revision is not None else None
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return backup


def back_up(engine: sa.Engine, home: Path, revision: str) -> Path | None:
    """Copy a SQLite database with its online backup; other databases have backups of their own."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    folder = home / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"runnel-{revision}-{time.strftime('%Y%m%dT%H%M%S')}.db"
    with sqlite3.connect(engine.url.database) as source, sqlite3.connect(target) as copy:
        source.backup(copy)
    return target
