"""The schema of the metadata database: created or upgraded by Alembic in one transaction, with a backup before an upgrade."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from runnel.errors import ConnectorError

HEAD = "0006"
MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 7_305_804_385
"""The number of the lock that PostgreSQL gives to one upgrade at a time."""


def current_revision(engine: sa.Engine) -> str | None:
    """Return the revision of a database, or None for an empty one."""
    with engine.connect() as connection:
        return _revision(connection)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(engine: sa.Engine, home: Path, migrations: Path = MIGRATIONS, head: str = HEAD) -> Path | None:
    """Bring the schema to the newest revision; returns the backup that was made before, if one was.

    A state that a newer program made is refused. An upgrade that breaks leaves the state as it was. Raises
    ConnectorError for both, with the place of a backup. Of several processes one upgrades, the others wait.
    """
    revision = current_revision(engine)
    if revision == head:
        return None
    config = _config(migrations)
    _refuse_newer(config, engine, home, revision, head)
    from alembic import command

    backup: Path | None = None
    try:
        with alone(engine) as connection:
            revision = _revision(connection)
            if revision != head:
                backup = back_up(engine, home, revision) if revision is not None else None
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                _check_references(connection)
    except ConnectorError:
        raise
    except Exception as error:
        raise _broken(engine, revision, head, backup, error) from error
    return backup


def back_up(engine: sa.Engine, home: Path, revision: str) -> Path | None:
    """Copy a SQLite database with its online backup, check the copy, and return it; others have backups of their own.

    The copy appears under its name when it is whole.
    """
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    folder = home / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    target = _unused(folder, f"runnel-{revision}-{time.strftime('%Y%m%dT%H%M%S')}")
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        with closing(sqlite3.connect(engine.url.database)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            found = copy.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)
        what = f"copying {engine.url.database} before its upgrade: {error}"
        raise ConnectorError("RNL-STATE-003", what, "Nothing was changed. Free space, or check the disk.") from error
    part.rename(target)
    return target


def _unused(folder: Path, name: str) -> Path:
    target, number = folder / f"{name}.db", 1
    while target.exists():
        number += 1
        target = folder / f"{name}-{number}.db"
    return target


def _config(migrations: Path) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return config


def _refuse_newer(config: Any, engine: sa.Engine, home: Path, revision: str | None, head: str) -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is None or revision in known:
        return
    what = f"opening {_place(engine)}: a newer Runnel made it (revision {revision}, this one knows up to {head})"
    older = sorted((home / "backups").glob("*.db"))
    hint = "Install that version again" + (f", or go back to the copy {older[-1]}." if older else ".")
    raise ConnectorError("RNL-STATE-001", what, hint)


@contextmanager
def alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction that nobody else changes the schema beside, and that takes everything back when it breaks."""
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})
            yield connection
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # A table that Alembic copies is dropped, and with the checks on, rows that point at it would go with it.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            if connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
                connection.exec_driver_sql("ROLLBACK")
            raise
        finally:
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _check_references(connection: sa.Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise sqlite3.IntegrityError(f"{len(broken)} rows of {broken[0][0]} point at rows that are gone")


def _broken(engine: sa.Engine, revision: str | None, head: str, backup: Path | None, error: Exception) -> ConnectorError:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    what = f"upgrading {_place(engine)} from revision {revision or 'none'} to {head}: {first}"
    hint = "Nothing was changed, the state is as it was."
    return ConnectorError("RNL-STATE-002", what, hint + (f" A copy of it is {backup}." if backup else ""))


def _place(engine: sa.Engine) -> str:
    return engine.url.database or "" if engine.dialect.name == "sqlite" else engine.url.render_as_string()
