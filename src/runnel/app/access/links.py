"""Links that the console prints: one that logs the built-in person in, one that makes the first user.

A token names its kind and its end and is sealed with a key that lives as long as one server, so that `runnel link` can
make a good one by reading the key from the state folder, and none outlives the server.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

SETUP_LIFETIME = timedelta(minutes=15)
MOST_CHARACTERS = 200


class Links:
    """Makes and checks the tokens of printed links with the key of one server."""

    def __init__(self, clock: Callable[[], datetime], key: bytes | None = None) -> None:
        self.clock = clock
        self.key = key or secrets.token_bytes(32)
        self.void = False

    def __repr__(self) -> str:
        return "<Links>"

    def new_link(self) -> str:
        """Return a new token that logs the local person in while this server runs."""
        return self._sealed(f"l.{secrets.token_urlsafe(16)}")

    def is_link(self, token: str) -> bool:
        """Tell whether a token is one of a printed link of this server."""
        return not self.void and self._opened(token, "l") is not None

    def new_setup(self) -> str:
        """Return a new setup token, good for fifteen minutes and until there is a first user."""
        until = int((self.clock() + SETUP_LIFETIME).timestamp())
        return self._sealed(f"s.{until}.{secrets.token_urlsafe(16)}")

    def is_setup(self, token: str) -> bool:
        """Tell whether a setup token is good; making the first user uses it up, as it does every other."""
        parts = self._opened(token, "s")
        return not self.void and parts is not None and int(parts[1]) > self.clock().timestamp()

    def clear(self) -> None:
        """Make every link void, printed or not."""
        self.void = True

    def _sealed(self, text: str) -> str:
        return f"{text}.{self._seal(text)}"

    def _seal(self, text: str) -> str:
        made = hmac.new(self.key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made[:24]).decode("ascii")

    def _opened(self, token: str, kind: str) -> list[str] | None:
        text, dot, seal = token.rpartition(".")
        if not dot or len(token) > MOST_CHARACTERS or not token.isascii():
            return None
        good = hmac.compare_digest(seal.encode(), self._seal(text).encode())
        parts = text.split(".")
        return parts if good and parts[0] == kind else None
