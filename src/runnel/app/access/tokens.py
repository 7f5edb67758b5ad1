"""API tokens: named, scoped, expiring; shown once when they are made."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from runnel.app.access.permissions import check_role, check_scopes
from runnel.app.access.users import NotFoundError
from runnel.errors import AuthoringError
from runnel.store.api_tokens import ApiToken, ApiTokenStore, Invitation
from runnel.store.sessions import token_hash
from runnel.store.users import User

T = TypeVar("T")
PREFIX = "rnl_"
INVITATION_DAYS = 7
_SPAN = re.compile(r"(\d{1,5})\s*(m|h|d|w|y)")
_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 604_800, "y": 31_536_000}


class Tokens:
    """Makes, lists and revokes API tokens and invitations; `on_end` hears the ids of revoked ones."""

    def __init__(self, store: ApiTokenStore, clock: Callable[[], datetime]) -> None:
        self.store = store
        self.clock = clock
        self.on_end: list[Callable[[list[str]], None]] = []

    def create(
        self, user: User, name: str, scopes: Sequence[str] | None, expires_at: datetime | None
    ) -> tuple[str, ApiToken]:
        """Make a token; returns it (it is kept nowhere) and its row."""
        if not name.strip() or len(name) > 200:
            raise AuthoringError(
                "RNL-ACCESS-012", "a token needs a name of up to 200 characters", "", {"field": "name"}
            )
        if expires_at is not None and expires_at <= self.clock():
            what = "the token would be expired from the start"
            raise AuthoringError("RNL-ACCESS-012", what, "Give a time to come.", {"field": "expires_at"})
        token = PREFIX + secrets.token_urlsafe(32)
        checked = None if scopes is None else check_scopes(scopes)
        made = ApiToken(
            secrets.token_hex(8),
            user.id,
            name.strip(),
            token_hash(token),
            checked,
            self.clock(),
            expires_at,
            None,
            None,
        )
        self.store.add(made)
        return token, made

    def in_force(self, token: ApiToken | None) -> bool:
        """Tell whether a token still counts."""
        if token is None or token.revoked_at is not None:
            return False
        return token.expires_at is None or token.expires_at > self.clock()

    def revoke(self, id: str, user_id: str | None) -> ApiToken:
        """Revoke a token of a user (None: of anybody); raises NotFoundError when there is none."""
        found = self.store.get(id)
        if (
            found is None
            or (user_id is not None and found.user_id != user_id)
            or not self.store.revoke(id, self.clock())
        ):
            raise NotFoundError("RNL-ACCESS-013", f"there is no token `{id[:64]}`", "The list of tokens shows them.")
        for listener in self.on_end:
            listener([id])
        return found

    def invite(self, role: str, created_by: str) -> tuple[str, Invitation]:
        """Make an invitation to register with a role; good once, for a week."""
        token, now = secrets.token_urlsafe(24), self.clock()
        made = Invitation(
            secrets.token_hex(8), token_hash(token), check_role(role), created_by, now,
            now + timedelta(days=INVITATION_DAYS), None,
        )  # fmt: skip
        self.store.invite(made)
        return token, made

    def use_invitation(self, token: str) -> str | None:
        """Use an invitation up; returns its role, or None when it is not good."""
        return self.store.use_invitation(token, self.clock()) if token else None

    def invited(self, token: str, make: Callable[[str], T]) -> T | None:
        """Make something with the role of an invitation; None when it is not good. What raises leaves it good."""
        role = self.use_invitation(token)
        if role is None:
            return None
        try:
            return make(role)
        except BaseException:
            self.store.give_back(token)
            raise


def read_expiry(text: str | None, now: datetime) -> datetime | None:
    """Read `30d`, `12h`, `never` or a date; returns the moment, None for never."""
    if text is None or text.strip().lower() == "never":
        return None
    given = text.strip().lower()
    if span := _SPAN.fullmatch(given):
        return now + timedelta(seconds=int(span[1]) * _UNITS[span[2]])
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        what = f"`{text[:60]}` is no time until which the token counts"
        raise AuthoringError(
            "RNL-ACCESS-012", what, "Write 30d, 12h, never, or a date.", {"field": "expires"}
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
