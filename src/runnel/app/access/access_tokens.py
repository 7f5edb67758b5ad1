"""Access tokens of API clients: EdDSA JWTs for fifteen minutes, of one issuer, audience, algorithm and key."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from runnel.app.access.keys import AccessKeys

ALGORITHM = "EdDSA"
ISSUER = "runnel"
AUDIENCE = "runnel-api"
LIFETIME = timedelta(minutes=15)
MOST_CHARACTERS = 4096
CLAIMS = ("iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti")


@dataclass(frozen=True)
class Claims:
    """What a valid token says: the user and the session that it was issued for."""

    user_id: str
    session_id: str


class AccessTokens:
    """Issues and reads access tokens with one key."""

    def __init__(self, keys: AccessKeys, clock: Callable[[], datetime]) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(keys.derived("access tokens"))
        self._public = self._private.public_key()
        self.clock = clock

    def issue(self, user_id: str, session_id: str) -> str:
        """Return a signed token for a user and a session."""
        now = self.clock()
        claims: dict[str, Any] = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": user_id, "sid": session_id, "iat": now, "nbf": now,
            "exp": now + LIFETIME, "jti": secrets.token_hex(8),
        }  # fmt: skip
        return jwt.encode(claims, self._private, algorithm=ALGORITHM, headers={"typ": "at+jwt"})

    def read(self, token: str) -> Claims | None:
        """Return what a token says, or None for any that is not exactly one of ours and in force."""
        if len(token) > MOST_CHARACTERS or token.count(".") != 2:
            return None
        try:
            header = jwt.get_unverified_header(token)
            if set(header) != {"alg", "typ"} or header["alg"] != ALGORITHM or header["typ"] != "at+jwt":
                return None
            options: Any = {"require": list(CLAIMS), "verify_exp": False, "verify_nbf": False, "verify_iat": False}
            claims = jwt.decode(
                token, self._public, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options=options
            )
        except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):
            return None
        return self._current(claims)

    def _current(self, claims: dict[str, Any]) -> Claims | None:
        """Check the times against the injected clock; only whole numbers and texts count."""
        now = self.clock().timestamp()
        times = [claims["nbf"], claims["iat"], claims["exp"]]
        if any(isinstance(time, bool) or not isinstance(time, int) for time in times):
            return None
        if claims["aud"] != AUDIENCE or not all(isinstance(claims[name], str) for name in ("sub", "sid", "jti")):
            return None
        if claims["exp"] - claims["iat"] > LIFETIME.total_seconds():
            return None
        if claims["nbf"] > now + 5 or claims["iat"] > now + 5 or claims["exp"] <= now:
            return None
        return Claims(claims["sub"], claims["sid"])
