"""Sessions: opened by a link, a login or an API client; seen, listed, refreshed and ended."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from runnel.app.access.users import NotFoundError
from runnel.store.sessions import Session, SessionStore, token_hash
from runnel.store.users import User

TOUCH_AFTER = timedelta(seconds=60)
COOKIE_DAYS = 30
REFRESH_DAYS = 30


def csrf_of(token: str) -> str:
    """Return what a page shows to prove that it may read the answers of its own server; bound to the session."""
    return hashlib.sha256(b"csrf:" + token.encode("utf-8", "surrogatepass")).hexdigest()[:40]


class Sessions:
    """Opens and ends sessions; `on_end` hears the ids of those that ended."""

    def __init__(self, store: SessionStore, clock: Callable[[], datetime], idle_hours: int = 24) -> None:
        self.store = store
        self.clock = clock
        self.idle = timedelta(hours=idle_hours)
        self.on_end: list[Callable[[list[str]], None]] = []

    def open(self, user: User, kind: str, address: str | None, agent: str | None) -> tuple[str, Session]:
        """Open a session; returns its token, which is kept nowhere, and the row."""
        token, now = secrets.token_urlsafe(32), self.clock()
        days = REFRESH_DAYS if kind == "api" else COOKIE_DAYS
        made = Session(
            secrets.token_hex(8), user.id, kind, token_hash(token), None, address, (agent or "")[:300] or None, now, now,
            now + timedelta(days=days), None, None,
        )  # fmt: skip
        self.store.add(made)
        return token, made

    def in_force(self, session: Session | None, user: User | None) -> bool:
        """Tell whether a session still stands for its user: not ended, not too old, not idle for too long."""
        now = self.clock()
        if session is None or user is None or not user.is_active or session.ended_at is not None:
            return False
        if session.kind == "link" and user.password_hash is not None:
            return False
        idle = self.idle
        if (minutes := user.preferences.get("session_minutes")) and session.kind != "api":
            idle = min(idle, timedelta(minutes=minutes))
        if session.kind == "api":
            idle = timedelta(days=REFRESH_DAYS)
        return session.expires_at > now and session.seen_at + idle > now

    def seen(self, session: Session) -> None:
        """Note the use of a session, at most once a minute."""
        now = self.clock()
        if now - session.seen_at > TOUCH_AFTER:
            self.store.touch(session.id, now)

    def refresh(self, token: str) -> tuple[str, Session] | None:
        """Exchange a refresh token for a new one; an old one again ends the whole session, as somebody stole it."""
        found = self.store.by_token(token)
        if found is None:
            stolen = self.store.by_previous_token(token)
            if stolen is not None:
                self.end(stolen.id, "an old refresh token was used")
            return None
        now = self.clock()
        if found.kind != "api" or found.ended_at is not None or found.expires_at <= now:
            return None
        fresh = secrets.token_urlsafe(32)
        if not self.store.rotate(found, fresh, now, now + timedelta(days=REFRESH_DAYS)):
            self.end(found.id, "a refresh token was used twice at once")
            return None
        return fresh, found

    def open_of(self, user_id: str | None) -> list[Session]:
        """Return the open sessions of a user, or of everybody."""
        return self.store.open(user_id, self.clock())

    def end(self, id: str, why: str) -> bool:
        """End one session; tells whether it was open."""
        ended = self.store.end(id, self.clock(), why)
        if ended:
            self.tell([id])
        return ended

    def end_of(self, id: str, user_id: str | None, why: str) -> None:
        """End one session of a user (None: of anybody); raises NotFoundError when there is none."""
        found = self.store.get(id)
        if found is None or (user_id is not None and found.user_id != user_id) or not self.end(id, why):
            raise NotFoundError("RNL-ACCESS-011", f"there is no open session `{id[:64]}`", "The list shows them.")

    def end_all(self, why: str, *, user_id: str | None = None, but: str | None = None) -> list[str]:
        """End the sessions of a user, or of everybody; returns their ids."""
        ids = self.store.end_all(self.clock(), why, user_id=user_id, but=but)
        self.tell(ids)
        return ids

    def tell(self, ids: list[str]) -> None:
        """Tell the listeners that sessions have ended."""
        for listener in self.on_end:
            listener(ids)
