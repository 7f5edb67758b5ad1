"""Shares: a link that reads the stored result of named charts of one pipeline, and nothing else."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from runnel.app.access.principals import Principal
from runnel.app.access.users import NotFoundError
from runnel.errors import AuthoringError
from runnel.store.sessions import token_hash
from runnel.store.shares import Share, ShareStore

MOST_DAYS = 365
MOST_NODES = 50
TOKEN_BYTES = 18  # 144 bits


class Sharing:
    """Makes, reads and ends shares; a frozen one keeps its data in a file beside the store."""

    def __init__(self, store: ShareStore, home: Path, clock: Callable[[], datetime]) -> None:
        self.store = store
        self.folder = home / "shares"
        self.clock = clock

    def create(
        self, by: Principal, pipeline: str, columns: Mapping[str, Sequence[str]], mode: str, title: str, days: int,
        data: bytes | None,
    ) -> tuple[str, Share]:  # fmt: skip
        """Make a share of nodes with the columns that strangers will see; returns the token of its link and the row.

        The token is kept nowhere.
        """
        check_days(days)
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self.clock()
        id = secrets.token_hex(8)
        if data is not None:
            self._keep(id, data)
        made = Share(
            id, token_hash(token), pipeline, list(columns), mode, title[:300], by.user_id, now, now + timedelta(days=days),
            None, 0, None, {node: list(names) for node, names in columns.items()},
        )  # fmt: skip
        self.store.add(made)
        return token, made

    def read(self, token: str) -> tuple[Principal, Share] | None:
        """Return the principal that a link stands for, with what it may read; None when it is not in force."""
        found = self.store.by_token(token)
        if found is None or found.revoked_at is not None or found.expires_at <= self.clock():
            return None
        principal = Principal("share", found.created_by, f"share {found.id}", "share", share_id=found.id)
        return principal, found

    def frozen(self, share: Share) -> bytes:
        """Return the data that a frozen share keeps."""
        try:
            return (self.folder / f"{share.id}.json").read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError("RNL-SHARE-001", "this share has ended", "Ask for a new link.") from error

    def count(self, share: Share) -> None:
        """Count a reading."""
        self.store.count_view(share.id, self.clock())

    def get(self, id: str) -> Share:
        """Return a share by its public id; raises NotFoundError."""
        found = self.store.get(id)
        if found is None:
            raise NotFoundError("RNL-SHARE-001", f"there is no share `{id[:64]}`", "The list of shares shows them.")
        return found

    def revoke(self, id: str) -> Share:
        """End a share; its link is refused from now on, its frozen data removed."""
        found = self.get(id)
        if not self.store.revoke(id, self.clock()):
            raise NotFoundError("RNL-SHARE-001", f"the share `{id[:64]}` was ended before", "")
        (self.folder / f"{found.id}.json").unlink(missing_ok=True)
        return found

    def end_of(self, pipeline: str) -> list[Share]:
        """End every share of a pipeline that is gone: a later one of the same name is another one."""
        ended = [share for share in self.store.list(pipeline) if share.revoked_at is None]
        return [self.revoke(share.id) for share in ended]

    def _keep(self, id: str, data: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.folder / f"{id}.part"
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self.folder / f"{id}.json")


def check_days(days: int) -> int:
    """Return how long a share lasts; raises AuthoringError for no time or too much."""
    if not 1 <= days <= MOST_DAYS:
        what = f"a share lasts from 1 to {MOST_DAYS} days, not {days}"
        raise AuthoringError("RNL-SHARE-002", what, "", {"field": "expires_days"})
    return days
