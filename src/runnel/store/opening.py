"""Opening the store: connects, brings the schema up to date, and wires the parts."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

if TYPE_CHECKING:
    from runnel.sdk.objects import Objects
    from runnel.store.answered import AnsweredStore
    from runnel.store.api_tokens import ApiTokenStore
    from runnel.store.audit import AuditStore
    from runnel.store.connections import ConnectionStore
    from runnel.store.datasets import DatasetStore
    from runnel.store.drafts import DraftStore
    from runnel.store.letters import LetterStore
    from runnel.store.runs import RunStore
    from runnel.store.secrets import SecretStore
    from runnel.store.sessions import SessionStore
    from runnel.store.shares import ShareStore
    from runnel.store.site_settings import SiteSettingStore
    from runnel.store.uploads import UploadStore
    from runnel.store.users import UserStore
    from runnel.store.versions import VersionStore


READ_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH
WRITTEN_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Store:
    """The metadata store of one project; `home` is its state folder, where payloads lie."""

    def __init__(self, engine: sa.Engine, home: Path) -> None:
        self.engine = engine
        self.home = home

    @staticmethod
    def open(url: str, home: Path) -> Store:
        """Open the store at a database URL; creates or upgrades its schema (a backup is made before an upgrade)."""
        from runnel.store.upgrading import upgrade

        engine = make_engine(url)
        if engine.dialect.name == "sqlite" and engine.url.database:
            _make_private(Path(engine.url.database))
        upgrade(engine, home)
        return Store(engine, home)

    @cached_property
    def runs(self) -> RunStore:
        """Runs, tasks, logs and ledgers."""
        from runnel.store.runs import RunStore

        return RunStore(self.engine, self.home)

    @cached_property
    def versions(self) -> VersionStore:
        """Pipelines and their immutable versions."""
        from runnel.store.versions import VersionStore

        return VersionStore(self.engine)

    @cached_property
    def objects(self) -> Objects:
        """Objects that rows of this store name."""
        from runnel.store.objects import DirectoryObjects

        return DirectoryObjects(self.home / "objects")

    @cached_property
    def letters(self) -> LetterStore:
        """Dead letters."""
        from runnel.store.letters import LetterStore

        return LetterStore(self.engine, self.home, self.objects)

    @cached_property
    def datasets(self) -> DatasetStore:
        """Published datasets."""
        from runnel.store.datasets import DatasetStore

        return DatasetStore(self.engine, self.home)

    @cached_property
    def drafts(self) -> DraftStore:
        """Drafts of pipelines."""
        from runnel.store.drafts import DraftStore

        return DraftStore(self.engine)

    @cached_property
    def uploads(self) -> UploadStore:
        """Uploads."""
        from runnel.store.uploads import UploadStore

        return UploadStore(self.engine)

    @cached_property
    def secrets(self) -> SecretStore:
        """Encrypted secrets."""
        from runnel.store.secrets import SecretStore

        return SecretStore(self.engine, self.home)

    @cached_property
    def connections(self) -> ConnectionStore:
        """Connections, their secrets sealed."""
        from runnel.store.connections import ConnectionStore

        return ConnectionStore(self.engine, self.home)

    @cached_property
    def users(self) -> UserStore:
        """Users."""
        from runnel.store.users import UserStore

        return UserStore(self.engine)

    @cached_property
    def sessions(self) -> SessionStore:
        """Sessions and refresh tokens."""
        from runnel.store.sessions import SessionStore

        return SessionStore(self.engine)

    @cached_property
    def api_tokens(self) -> ApiTokenStore:
        """API tokens and invitations."""
        from runnel.store.api_tokens import ApiTokenStore

        return ApiTokenStore(self.engine)

    @cached_property
    def audit(self) -> AuditStore:
        """The audit log."""
        from runnel.store.audit import AuditStore

        return AuditStore(self.engine)

    @cached_property
    def shares(self) -> ShareStore:
        """Read-only links to charts."""
        from runnel.store.shares import ShareStore

        return ShareStore(self.engine)

    @cached_property
    def answered(self) -> AnsweredStore:
        """Answers by idempotency key."""
        from runnel.store.answered import AnsweredStore

        return AnsweredStore(self.engine)

    @cached_property
    def site_settings(self) -> SiteSettingStore:
        """Settings that an admin changes."""
        from runnel.store.site_settings import SiteSettingStore

        return SiteSettingStore(self.engine)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _make_private(file: Path) -> None:
    """Let nobody but the owner read a database; SQLite gives its journals the same rights.

    Files that somebody may write besides are left as they are: the server refuses to start with them, and says so.
    """
    if os.name != "posix":
        return
    with contextlib.suppress(FileNotFoundError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    for path in (file, file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
        with contextlib.suppress(FileNotFoundError):
            found = path.stat()
            mode = stat.S_IMODE(found.st_mode)
            if found.st_uid == os.geteuid() and mode & READ_BY_OTHERS and not mode & WRITTEN_BY_OTHERS:
                path.chmod(mode & 0o700)


def _use_wal(cursor: Any, patience_seconds: float = 30) -> None:
    """Switch a database to WAL, which stays; SQLite does not wait when another program is doing the same."""
    end = time.monotonic() + patience_seconds
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def make_engine(url: str) -> sa.Engine:
    """Return an engine; SQLite runs in WAL mode, syncs every commit, and waits for other writers."""
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_pre_ping=True)
    engine = sa.create_engine(url, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("busy_timeout=30000", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        _use_wal(cursor)
        cursor.close()

    return engine
