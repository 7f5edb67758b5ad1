"""The keys that the server signs with, kept in the state folder for its owner alone; a weak or shared one is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from runnel.errors import AuthoringError

KEY_BYTES = 32
FILE = "access.key"
HINT = "Delete the file to have a new one made (this ends sessions of API clients), or restore the old one."


class AccessKeys:
    """Keys for signed tokens and for what is derived per purpose."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    def __repr__(self) -> str:
        return "<AccessKeys>"

    def derived(self, purpose: str) -> bytes:
        """Return a key of 32 bytes for one purpose."""
        return hmac.new(self._seed, purpose.encode(), hashlib.sha256).digest()

    @staticmethod
    def load(home: Path, environ: Mapping[str, str]) -> AccessKeys:
        """Read the key file, made at first use; raises AuthoringError for one that is not fit."""
        given = environ.get("RUNNEL_ACCESS_KEY_FILE")
        path = Path(given) if given else home / FILE
        if not path.exists():
            if given:
                raise AuthoringError("RNL-ACCESS-004", f"there is no key file {given}", "See RUNNEL_ACCESS_KEY_FILE.")
            _make(path)
        return AccessKeys(_checked(path))


def _make(path: Path) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(base64.b64encode(os.urandom(KEY_BYTES)).decode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)  # never over a key that another process made in this moment
    except FileExistsError:
        pass
    finally:
        part.unlink()


def _checked(path: Path) -> bytes:
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        what = f"the key file {path} may be read by others (mode {mode:o})"
        raise AuthoringError("RNL-ACCESS-004", what, f"Run: chmod 600 {path}")
    try:
        seed = base64.b64decode(path.read_text("ascii").strip(), validate=True)
    except ValueError as error:
        raise AuthoringError("RNL-ACCESS-004", f"the key file {path} is not base64", HINT) from error
    if len(seed) != KEY_BYTES:
        what = f"the key file {path} holds {len(seed)} bytes, {KEY_BYTES} are needed"
        raise AuthoringError("RNL-ACCESS-004", what, HINT)
    if len(set(seed)) < 8 or seed[: KEY_BYTES // 2] == seed[KEY_BYTES // 2 :]:
        raise AuthoringError("RNL-ACCESS-004", f"the key in {path} is a sample, not a random one", HINT)
    return seed
