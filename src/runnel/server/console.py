"""What the console of a running server leaves in the state folder, for its owner alone: where it is, and the links' key."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from runnel.app.access.links import Links
from runnel.errors import AuthoringError
from runnel.store.ownership import is_dead, myself

FILE = "server.json"


@dataclass(frozen=True)
class Running:
    """A running server: where it is reached, and what seals its links."""

    url: str
    loopback: bool
    key: bytes

    def link(self, mode: str, clock: Callable[[], datetime]) -> str:
        """Return the link to print: one that logs in, one that makes the first user, or just the address."""
        links = Links(clock, self.key)
        if mode == "users":
            return self.url + "/"
        return (
            f"{self.url}/?token={links.new_link()}" if self.loopback else f"{self.url}/setup?token={links.new_setup()}"
        )


def write(home: Path, running: Running) -> None:
    """Leave the file, so that only its owner may read it."""
    text = json.dumps({
        "url": running.url, "loopback": running.loopback, "key": base64.b64encode(running.key).decode(), "owner": myself(),
    })  # fmt: skip
    part = home / f"{FILE}.{os.getpid()}.part"
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.replace(part, home / FILE)


def read(home: Path) -> Running:
    """Return the server that runs on a state folder; raises AuthoringError when there is none."""
    hint = "Start one: runnel up"
    try:
        found = json.loads((home / FILE).read_text("utf-8"))
    except (FileNotFoundError, ValueError) as error:
        raise AuthoringError("RNL-SERVER-001", f"no server runs on {home}", hint) from error
    if is_dead(found["owner"]):
        raise AuthoringError("RNL-SERVER-001", f"the server that ran on {home} has ended", hint)
    return Running(found["url"], found["loopback"], base64.b64decode(found["key"]))


def remove(home: Path) -> None:
    """Take the file away when the server ends."""
    (home / FILE).unlink(missing_ok=True)
