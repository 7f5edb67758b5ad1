"""Everything about who may do what, wired once over a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from runnel.app.access.access_tokens import AccessTokens
from runnel.app.access.keys import AccessKeys
from runnel.app.access.links import Links
from runnel.app.access.passwords import Passwords
from runnel.app.access.permissions import role_permissions
from runnel.app.access.proving import Proving
from runnel.app.access.sessions import Sessions
from runnel.app.access.sharing import Sharing
from runnel.app.access.tokens import Tokens
from runnel.app.access.trail import Trail
from runnel.app.access.users import Users

if TYPE_CHECKING:
    from runnel.store import Store


class Access:
    """Users, sessions, tokens, links, shares and the trail of one project."""

    def __init__(
        self, store: Store, keys: AccessKeys, clock: Callable[[], datetime], *,
        passwords: Passwords | None = None, session_hours: int = 24,
    ) -> None:  # fmt: skip
        self.store = store
        self.keys = keys
        self.users = Users(store.users, passwords or Passwords(), clock)
        self.sessions = Sessions(store.sessions, clock, session_hours)
        self.tokens = Tokens(store.api_tokens, clock)
        self.access_tokens = AccessTokens(keys, clock)
        self.proving = Proving(store.users, self.sessions, self.tokens, self.access_tokens)
        self.links = Links(clock)
        self.sharing = Sharing(store.shares, store.home, clock)
        self.trail = Trail(store.audit, clock)
        self.users.on_first.append(self._first_user)
        self.users.on_change.append(self.proving.forget)

    @staticmethod
    def open(
        store: Store, environ: Mapping[str, str], clock: Callable[[], datetime], session_hours: int = 24
    ) -> Access:
        """Open with the keys of the state folder; raises AuthoringError when they are not fit."""
        return Access(store, AccessKeys.load(store.home, environ), clock, session_hours=session_hours)

    def permissions_of(self, user_id: str) -> frozenset[str]:
        """Return what a user may do by role."""
        return role_permissions(self.users.get(user_id).role)

    def stored_setting(self, name: str, default: Any) -> Any:
        """Return a setting that an admin may change while the server runs."""
        return self.store.site_settings.all().get(name, default)

    def _first_user(self) -> None:
        """From now on everybody logs in: printed links are void, sessions that they gave have ended."""
        self.links.clear()
        self.sessions.end_all("the first user was made")
