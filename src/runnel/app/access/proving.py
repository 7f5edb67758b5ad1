"""From a proof (cookie, access token, API token) to who asks; remembered for two seconds, forgotten when it ends."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from runnel.app.access.access_tokens import AccessTokens
from runnel.app.access.permissions import narrowed, role_permissions
from runnel.app.access.principals import Principal
from runnel.app.access.sessions import Sessions
from runnel.app.access.tokens import PREFIX, Tokens
from runnel.app.access.users import LOCAL
from runnel.store.sessions import Session, token_hash
from runnel.store.users import User, UserStore

REMEMBERED_SECONDS = 2.0
MOST_REMEMBERED = 2000


class Proving:
    """Reads proofs. A proof that another process ended is refused within two seconds, one ended here at once."""

    def __init__(
        self, users: UserStore, sessions: Sessions, tokens: Tokens, access_tokens: AccessTokens,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.users = users
        self.sessions = sessions
        self.tokens = tokens
        self.access_tokens = access_tokens
        self.clock = clock
        self._known: OrderedDict[str, tuple[float, Principal]] = OrderedDict()
        self._lock = threading.Lock()
        sessions.on_end.append(lambda _: self.forget())
        tokens.on_end.append(lambda _: self.forget())

    def forget(self) -> None:
        """Forget every remembered proof; called when users, sessions or tokens change."""
        with self._lock:
            self._known.clear()

    def by_cookie(self, token: str) -> Principal | None:
        """Return who a session cookie stands for."""
        return self._remembered("cookie", token, self._read_cookie)

    def by_bearer(self, token: str) -> Principal | None:
        """Return who a bearer token stands for: an API token, or an access token of fifteen minutes."""
        return self._remembered("bearer", token, self._read_bearer)

    def still_stands(self, principal: Principal) -> bool:
        """Tell whether what a principal was made from is still in force; reads the store."""
        user = self.users.get(principal.user_id)
        if user is None or not user.is_active or user.role != principal.role:
            return False
        if principal.token_id is not None:
            return self.tokens.in_force(self.tokens.store.get(principal.token_id))
        if principal.session_id is not None:
            return self.sessions.in_force(self.sessions.store.get(principal.session_id), user)
        return False

    def _remembered(self, kind: str, token: str, read: Callable[[str], Principal | None]) -> Principal | None:
        key, now = f"{kind}:{token_hash(token)}", self.clock()
        with self._lock:
            found = self._known.get(key)
            if found is not None and found[0] > now:
                return found[1]
        made = read(token)
        if made is not None:
            with self._lock:
                self._known[key] = (now + REMEMBERED_SECONDS, made)
                if len(self._known) > MOST_REMEMBERED:
                    self._known.popitem(last=False)
        return made

    def _read_cookie(self, token: str) -> Principal | None:
        session = self.sessions.store.by_token(token)
        if session is None or session.kind == "api":
            return None
        return self._of_session(session)

    def _of_session(self, session: Session) -> Principal | None:
        user = self.users.get(session.user_id)
        if user is None or not self.sessions.in_force(session, user):
            return None
        self.sessions.seen(session)
        kind = "local" if session.kind == "link" else "user"
        return _principal(kind, user, session_id=session.id)

    def _read_bearer(self, token: str) -> Principal | None:
        if token.startswith(PREFIX):
            return self._of_token(token)
        claims = self.access_tokens.read(token)
        if claims is None:
            return None
        session = self.sessions.store.get(claims.session_id)
        if session is None or session.kind != "api" or session.user_id != claims.user_id:
            return None
        return self._of_session(session)

    def _of_token(self, token: str) -> Principal | None:
        found = self.tokens.store.by_token(token)
        if found is None or not self.tokens.in_force(found):
            return None
        user = self.users.get(found.user_id)
        if user is None or not user.is_active:
            return None
        now = self.tokens.clock()
        if found.used_at is None or (now - found.used_at).total_seconds() > 60:
            self.tokens.store.touch(found.id, now)
        return _principal("token", user, token_id=found.id, scopes=found.scopes)


def _principal(
    kind: str,
    user: User,
    *,
    session_id: str | None = None,
    token_id: str | None = None,
    scopes: list[str] | None = None,
) -> Principal:
    permissions = narrowed(role_permissions(user.role), scopes)
    name = LOCAL if user.password_hash is None and user.username == LOCAL else user.username
    return Principal(
        kind, user.id, name, user.role, permissions, None if scopes is None else tuple(scopes),  # type: ignore[arg-type]
        session_id=session_id, token_id=token_id,
    )  # fmt: skip
