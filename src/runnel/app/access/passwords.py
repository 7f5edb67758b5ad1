"""Passwords: Argon2id, a policy, and the same time for a name that does not exist."""

from __future__ import annotations

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from runnel.errors import AuthoringError

LEAST = 8
MOST = 1024
WIDESPREAD = frozenset({
    "password", "password1", "passw0rd", "12345678", "123456789", "1234567890", "qwertyui", "qwerty123", "11111111",
    "00000000", "iloveyou", "administrator", "letmein1", "changeme", "admin123", "welcome1", "abcd1234", "1q2w3e4r",
})  # fmt: skip
"""Passwords that are tried first everywhere; refused in any case."""


class Passwords:
    """Hashes and verifies; at most two at a time, because each takes 64 MiB."""

    def __init__(self, time_cost: int = 3, memory_kib: int = 65536, at_once: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=4)
        self._turns = threading.BoundedSemaphore(at_once)
        self._nobody: str | None = None

    def hash(self, password: str) -> str:
        """Return the Argon2id hash of a password."""
        with self._turns:
            return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether a password is the stored one; without a stored one, False after the same time."""
        if self._nobody is None:
            self._nobody = self.hash(secrets.token_urlsafe(32))
        with self._turns:
            try:
                return self._hasher.verify(stored or self._nobody, password) and stored is not None
            except (VerificationError, InvalidHashError):
                return False

    def outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)


def check_password(password: str, username: str) -> str:
    """Return the password; raises AuthoringError when it is too short, too long, the name, or known to everybody."""
    where = {"field": "password"}
    if len(password) < LEAST:
        what = f"the password has {len(password)} characters, at least {LEAST} are asked for"
        raise AuthoringError("RNL-ACCESS-003", what, "Some words that only you would put together are good.", where)
    if len(password) > MOST:
        raise AuthoringError("RNL-ACCESS-003", f"the password has more than {MOST} characters", "Shorten it.", where)
    if password.casefold() in WIDESPREAD or password.casefold() == username.casefold():
        raise AuthoringError("RNL-ACCESS-003", "this password is among the first that anybody tries", "", where)
    return password
