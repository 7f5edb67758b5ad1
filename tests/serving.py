"""A server in this process: its state over a real store, people with sessions and tokens, and raw HTTP calls to it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from building import fresh_folder
from runnel.app.access.keys import AccessKeys
from runnel.app.access.passwords import Passwords
from runnel.app.access.services import Access
from runnel.app.access.sessions import csrf_of
from runnel.app.access.throttle import Throttle
from runnel.app.project import Project
from runnel.errors import ConnectorError
from runnel.server.application import create_app
from runnel.server.state import ServerState
from runnel.store import Store
from runnel.store.users import User
from runnel.telemetry.requests import RequestLog

HOST = "127.0.0.1:8377"
ORIGIN = f"http://{HOST}"
PASSWORD = "correct horse battery"
SEED = bytes(range(7, 39))


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def ahead(self, **span: float) -> None:
        """Move the clock."""
        self.now += timedelta(**span)


class AbsentDesk:
    """A desk that is not there: every call says so."""

    ready = False

    async def call(self, name: str, payload: Mapping[str, Any]) -> bytes:
        raise ConnectorError("RNL-DESK-002", f"no desk answers {name}", retryable=True)

    def subscribe(self, hear: Callable[[dict[str, Any]], None]) -> None:
        pass


@dataclass
class Answer:
    """One answer as it went over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header of a name."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass
class Served:
    """A server in this process."""

    state: ServerState
    app: Any
    clock: Clock
    log: io.BytesIO
    loop: asyncio.AbstractEventLoop
    people: dict[str, User] = field(default_factory=dict)

    def call(
        self, method: str, target: str, *, headers: Mapping[str, str] | list[tuple[str, str]] | None = None, json: Any = None,
        body: bytes | None = None, peer: str | None = "127.0.0.1", host: str | None = HOST, scheme: str = "http",
        app: Any = None,
    ) -> Answer:  # fmt: skip
        """Send one request exactly as given; `target` is the raw path with its query."""
        call = self._call(method, target, headers, json, body, peer, host, scheme, app or self.app)
        return self.loop.run_until_complete(call)

    async def _call(self, method, target, headers, json_, body, peer, host, scheme, app) -> Answer:
        given = list(headers.items() if isinstance(headers, Mapping) else headers or [])
        if host is not None:
            given.append(("host", host))
        if json_ is not None:
            body = json.dumps(json_).encode()
            given.append(("content-type", "application/json"))
        raw, _, query = target.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": scheme,
            "path": unquote(raw, errors="replace"), "raw_path": raw.encode("latin-1"), "query_string": query.encode(),
            "root_path": "", "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in given],
            "client": (peer, 50000) if peer else None, "server": ("127.0.0.1", 8377),
        }  # fmt: skip
        sent: list[dict[str, Any]] = []
        answered = asyncio.Event()
        parts = [{"type": "http.request", "body": body or b"", "more_body": False}]

        async def receive() -> dict[str, Any]:
            if parts:
                return parts.pop(0)
            with contextlib.suppress(TimeoutError):  # a stream without an end is left after a second
                await asyncio.wait_for(answered.wait(), 1)
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answered.set()

        await app(scope, receive, send)
        start = sent[0]
        shown = [(k.decode().lower(), v.decode("latin-1")) for k, v in start.get("headers", [])]
        return Answer(start["status"], shown, b"".join(part.get("body", b"") for part in sent[1:]))

    def person(self, name: str, role: str) -> User:
        """Return a user of a role, made at first use; the first one is an admin."""
        if name not in self.people:
            self.people[name] = self.state.access.users.create(name, PASSWORD, role)
        return self.people[name]

    def cookie(self, user: User, kind: str = "login") -> dict[str, str]:
        """Return the headers of a browser of our own pages in which a user is logged in."""
        token, _ = self.state.access.sessions.open(user, kind, "127.0.0.1", "test")
        return {
            "cookie": f"{self.state.cookie}={token}", "x-csrf-token": csrf_of(token), "origin": ORIGIN,
            "sec-fetch-site": "same-origin",
        }  # fmt: skip

    def token(self, user: User, scopes: list[str] | None = None, **span: float) -> dict[str, str]:
        """Return the headers of an API client with a token of a user."""
        until = self.clock() + timedelta(**span) if span else None
        token, _ = self.state.access.tokens.create(user, "test", scopes, until)
        return {"authorization": f"Bearer {token}"}

    def local(self) -> dict[str, str]:
        """Return the headers of the browser of the built-in person."""
        user = self.state.access.users.local()
        assert user is not None
        return self.cookie(user, "link")

    def entries(self, action: str = "") -> list[dict[str, Any]]:
        """Return entries of the audit log, newest first."""
        return self.state.store.audit.list(limit=500, action=action)


@contextmanager
def served(static: Path | None = None, project: Project | None = None, **settings: Any) -> Iterator[Served]:
    """A server over a fresh store (or that of a project), with a clock that is moved by hand."""
    with fresh_folder() as folder:
        home = folder / ".runnel" if project is None else project.home
        home.mkdir(exist_ok=True)
        store = Store.open(f"sqlite:///{home / 'runnel.db'}", home)
        clock = Clock()
        access = Access(store, AccessKeys(SEED), clock, passwords=Passwords(1, 64))
        access.proving.clock = lambda: clock().timestamp()
        throttle = Throttle(10_000, 1_000_000, clock=lambda: clock().timestamp())
        root = folder if project is None else project.root
        state = ServerState(root, home, store, access, AbsentDesk(), settings, clock=clock, throttle=throttle)
        if static is not None:
            state.static = static
        log, loop = io.BytesIO(), asyncio.new_event_loop()
        try:
            yield Served(state, create_app(state, RequestLog(log)), clock, log, loop)
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
            store.close()
