"""What must be in order before a server starts; anything else ends the start with a reason."""

from __future__ import annotations

import ipaddress
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from runnel.errors import AuthoringError

RANGES: Mapping[str, tuple[int, int]] = {
    "port": (0, 65535),
    "session_hours": (1, 24 * 90),
    "share_days": (1, 365),
    "upload_bytes": (1, 1 << 40),
    "requests_per_second": (10, 100_000),
    "requests_per_minute": (60, 10_000_000),
    "ingest_bytes_per_second": (1000, 1 << 40),
}


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise AuthoringError for settings with which no server should start."""
    for name, (least, most) in RANGES.items():
        value = settings[name]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _refused(f"the setting {name} is {value!r}", f"Give a whole number from {least} to {most}.")
    _check_host(settings["host"])
    url = settings["public_url"]
    if url:
        parts = urlsplit(url) if isinstance(url, str) else None
        if parts is None or parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
            raise _refused(
                f"the setting public_url is {url!r}", "Write it as https://runnel.example.org, without a path."
            )
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise _refused(f"the setting public_url is {url!r}", "It has no user, query or fragment.")


def check_home(home: Path) -> None:
    """Close the state folder to others; raises AuthoringError for one that the server cannot write, or anybody can."""
    if not home.is_dir() or not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        raise _refused(f"the state folder {home} cannot be written", "Check its owner, or give another with --home.")
    if os.name != "posix":
        return
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode & stat.S_IWOTH:
        raise _refused(f"anybody may write the state folder {home} (mode {mode:o})", f"Run: chmod o-w {home}")
    if mode & 0o077 and home.stat().st_uid == os.geteuid():
        home.chmod(0o700)
    for name in ("key", "runnel.db", "access.key"):
        file = home / name
        if file.exists() and stat.S_IMODE(file.stat().st_mode) & (
            stat.S_IWOTH | stat.S_IWGRP if name != "key" else 0o077
        ):
            raise _refused(f"others may change or read {file}", f"Run: chmod 600 {file}")


def check_secret_key(home: Path, environ: Mapping[str, str]) -> None:
    """Raise AuthoringError for a key of the secrets that is missing, short, or a sample."""
    import base64

    given = environ.get("RUNNEL_SECRET_KEY_FILE")
    path = Path(given) if given else home / "key"
    if not path.exists():
        if given:
            raise _refused(f"there is no key file {given}", "See RUNNEL_SECRET_KEY_FILE.")
        return
    try:
        key = base64.b64decode(path.read_text("ascii").strip(), validate=True)
    except (ValueError, OSError) as error:
        raise _refused(f"the key file {path} cannot be read as base64", "Restore the key file.") from error
    if len(key) != 32:
        raise _refused(f"the key file {path} holds {len(key)} bytes, 32 are needed", "Restore the key file.")
    if len(set(key)) < 8:
        raise _refused(f"the key in {path} is a sample, not a random one", "Make one: head -c 32 /dev/urandom | base64")


def is_loopback_bind(host: str) -> bool:
    """Tell whether a server that listens at a host can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _check_host(host: Any) -> None:
    import socket

    if not isinstance(host, str) or not host.strip() or len(host) > 253:
        raise _refused(f"the setting host is {host!r}", "Write 127.0.0.1, 0.0.0.0, or an address of this machine.")
    try:
        socket.getaddrinfo(host.strip("[]"), 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise _refused(
            f"the host {host[:100]!r} is no address of this machine", "Write 127.0.0.1 or 0.0.0.0."
        ) from error


def _refused(what: str, hint: str) -> AuthoringError:
    return AuthoringError("RNL-BOOT-001", f"the server does not start: {what}", hint)
