"""`runnel up`: opens the project, listens, starts the desk, prints the link, serves until it is told to end, and drains."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import os
import socket
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

import uvicorn

from runnel.app.access.services import Access
from runnel.app.access.throttle import Throttle
from runnel.app.desk.client import DeskClient
from runnel.app.project import Project
from runnel.errors import ConnectorError, RunnelError
from runnel.server import console
from runnel.server.application import create_app
from runnel.server.boot import check_home, check_secret_key, check_settings, is_loopback_bind
from runnel.server.ingest import PREFIX, ingest_of
from runnel.server.ingest_front import Front
from runnel.server.listening import listen, url_of
from runnel.server.live import LONGEST_MESSAGE, PING_SECONDS
from runnel.server.protocol import bounded
from runnel.server.state import ServerState
from runnel.server.watching import watch
from runnel.telemetry.requests import RequestLog

REQUEST_SECONDS = 10
RUN_SECONDS = 20
"""How long answers, then runs, may take to end when the server is told to end: half a minute in all."""


@dataclass(frozen=True)
class Started:
    """What is told when the server listens: its address, and the link to open."""

    url: str
    link: str
    mode: str


@dataclass(frozen=True)
class UpOptions:
    """How to start: `prepare` makes pipelines of files and examples before the link is told, and may change its path."""

    port_given: bool = False
    told: Callable[[Started], None] = lambda started: None
    prepare: Sequence[Callable[[ServerState], str | None]] = field(default_factory=tuple)
    log: RequestLog | None = None
    finish: Sequence[Callable[[ServerState], Awaitable[None]]] = ()


def up(project: Project, options: UpOptions) -> int:
    """Serve a project until SIGTERM or SIGINT; returns the exit code. Raises RunnelError when it must not start."""
    settings = {name: setting.value for name, setting in project.settings.items()}
    check_settings(settings)
    check_home(project.home)
    check_secret_key(project.home, project.environ)
    with _alone(project.home):
        access = Access.open(project.store, project.environ, project.clock, settings["session_hours"])
        access.trail.store.settle()
        listener = listen(settings["host"], settings["port"], search=not options.port_given)
        try:
            return asyncio.run(_serve(project, settings, access, listener, options))
        finally:
            listener.close()
            console.remove(project.home)


async def _serve(
    project: Project, settings: dict[str, Any], access: Access, listener: socket.socket, options: UpOptions
) -> int:
    host, port = settings["host"], int(listener.getsockname()[1])
    flags = {name: made.value for name, made in project.settings.items() if made.origin == "flag"}
    desk = DeskClient(project.root, flags, project.home / "desk.log")
    state = ServerState(
        project.root, project.home, project.store, access, desk, settings, host, port, project.clock,
        Throttle(settings["requests_per_second"], settings["requests_per_minute"]),
    )  # fmt: skip
    server = _Server(state, options.log)
    await desk.start()
    try:
        started = await asyncio.to_thread(_announce, state, options)
        server.announce = lambda: options.told(started)
        besides = [asyncio.create_task(watch(state)), asyncio.create_task(_later(state, desk, options))]
        await server.serve(sockets=[listener])
        for task in besides:
            task.cancel()
    finally:
        state.draining = True
        await desk.close(RUN_SECONDS)
        await asyncio.to_thread(ingest_of(state).close)
    return 0


async def _later(state: ServerState, desk: DeskClient, options: UpOptions) -> None:
    """Do what can be done when the desk answers."""
    await desk.wait_ready()
    for finish in options.finish:
        try:
            await finish(state)
        except RunnelError as error:
            sys.stderr.write(f"{error}\n")
        except Exception:  # noqa: BLE001 - nobody awaits this: what is wrong must be heard
            traceback.print_exc()


def _announce(state: ServerState, options: UpOptions) -> Started:
    """Make what was asked for, leave the console's file, and return what to print."""
    paths = [path for prepare in options.prepare if (path := prepare(state))]
    loopback = is_loopback_bind(state.host)
    url = (state.public_url or url_of(state.host, state.port)).rstrip("/")
    running = console.Running(url, loopback, state.access.links.key)
    console.write(state.home, running)
    state.access.users.local()
    mode = state.access.users.mode
    link = running.link(mode, state.clock)
    if paths and loopback:
        link = link.replace(f"{url}/", url + paths[-1], 1)
    return Started(url, link, mode)


class _Server(uvicorn.Server):
    """Uvicorn, which tells when it listens, and ends the event streams as soon as it is told to end."""

    def __init__(self, state: ServerState, log: RequestLog | None) -> None:
        app = create_app(state, log)
        ingest = ingest_of(state)
        config = uvicorn.Config(
            Front(app, ingest), http=bounded(prefix=PREFIX, quick=ingest.quick),
            ws="wsproto", ws_max_size=LONGEST_MESSAGE, ws_ping_interval=PING_SECONDS, ws_ping_timeout=PING_SECONDS,
            loop="asyncio", lifespan="off", proxy_headers=False,
            server_header=False, access_log=False, log_config=None, timeout_keep_alive=20, limit_concurrency=2000,
            timeout_graceful_shutdown=REQUEST_SECONDS,
        )  # fmt: skip
        super().__init__(config)
        self.state = state
        self.announce: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then say so."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what was loaded stays; the collector need not walk it again under load
        if not self.should_exit:
            await asyncio.to_thread(self.announce)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain: no new work, streams end, answers under way are finished."""
        self.state.draining = True
        self.state.events.close()
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle SIGTERM and SIGINT as the order to drain; both end with exit code 0."""
        import signal

        before = {sig: signal.signal(sig, self.handle_exit) for sig in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sig, handler in before.items():
                signal.signal(sig, handler)


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[IO[str]]:
    """Hold the lock of the state folder; raises ConnectorError when another server has it."""
    with open(home / "server.lock", "w") as file:
        os.chmod(home / "server.lock", 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            what = f"another server runs on {home}"
            hint = "`runnel link` prints a link to it; or give another state folder with --home."
            raise ConnectorError("RNL-SERVER-003", what, hint) from error
        yield file
