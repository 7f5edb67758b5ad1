"""What a service is, and one running instance of it: own folder, own process group, ended by its process id.

An instance ends with the process that started it, also when that one is killed: on Linux the kernel does it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = "RUNNEL_SERVICE_CACHE"
READY_SECONDS = 60.0
_KILL_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class ServiceError(RuntimeError):
    """The service cannot be had; the text says how to get it."""


@dataclass(frozen=True)
class Plan:
    """How one instance is started, and where it will answer; `details` are further addresses, users, certificates."""

    command: tuple[str, ...]
    address: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """A kind of service. `install` runs once, `prepare` makes a fresh data folder, `ready` asks with a real client.

    `environment` names the variable whose address is used instead; `how` tells a person how to get the service;
    `user` is the account that it must run as when root starts it.
    """

    name: str
    environment: str
    how: str
    install: Callable[[], None]
    prepare: Callable[[Path], Plan]
    ready: Callable[[Plan], bool]
    ending: signal.Signals = signal.SIGTERM
    user: str | None = None


def cache() -> Path:
    """Return the folder that holds what was installed, and the data of running instances."""
    return Path(os.environ.get(CACHE) or REPOSITORY / ".cache" / "services").absolute()


def home(service: Service) -> Path:
    """Return the service's own folder, one that the account which runs it can reach."""
    fallback = Path("/var/tmp") / f"runnel-services-{os.geteuid()}"
    for folder in (cache() / service.name, fallback / service.name):
        folder.mkdir(parents=True, exist_ok=True)
        if reachable(folder, service.user):
            return folder
    raise ServiceError(f"no folder that the user {service.user} can reach: set {CACHE} to one")


def reachable(folder: Path, user: str | None) -> bool:
    """Tell whether an account may enter a folder."""
    if user is None or os.geteuid() != 0:
        return True
    asked = subprocess.run(
        ["runuser", "-u", user, "--", "test", "-x", str(folder)], check=False, cwd="/", capture_output=True
    )
    return asked.returncode == 0


def free_ports(count: int) -> list[int]:
    """Return free ports of the loopback address, all different."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


class Instance:
    """One running service in a folder; `stop` or `kill`, then `start`, is a restart with the same data and address.

    Start it in the main thread: the kernel ends it with the thread that started it.
    """

    def __init__(self, service: Service, folder: Path) -> None:
        self.service = service
        self.folder = folder
        self.plan: Plan | None = None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it answers."""
        return self._planned().address

    @property
    def details(self) -> Mapping[str, Any]:
        """Its other addresses, users and certificates."""
        return self._planned().details

    def _planned(self) -> Plan:
        if self.plan is None:
            self.plan = self.service.prepare(self.folder)
        return self.plan

    def start(self) -> Instance:
        """Start the process and wait until a client gets an answer; raises ServiceError with the end of its log."""
        plan = self._planned()
        parent = os.getpid()

        def end_with_parent() -> None:
            if _libc is not None:
                _libc.prctl(_KILL_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
                if os.getppid() != parent:
                    os._exit(1)

        account: dict[str, Any] = {}
        if self.service.user is not None and os.geteuid() == 0:
            account = {"user": self.service.user, "group": self.service.user, "extra_groups": []}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                plan.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, process_group=0,
                preexec_fn=end_with_parent, **account,
            )  # fmt: skip
        self._wait(plan)
        return self

    def _wait(self, plan: Plan) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.service.ready(plan):
            if not self.alive() or time.monotonic() > deadline:
                state = "ended" if not self.alive() else f"did not answer within {READY_SECONDS:.0f} s"
                self.kill()
                raise ServiceError(f"{self.service.name} {state}: {self.log()}. {self.service.how}")
            time.sleep(0.02)

    def alive(self) -> bool:
        """Tell whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def log(self) -> str:
        """Return the end of what the service wrote."""
        path = self.folder / "log"
        return path.read_text("utf-8", "replace")[-1500:].strip() if path.exists() else "no log"

    def stop(self, seconds: float = 20.0) -> None:
        """Ask it to end, and kill it when it does not."""
        if self.process is None or not self.alive():
            return
        self.process.send_signal(self.service.ending)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the whole process group at once, as a crash would."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def own(service: Service) -> Iterator[Instance]:
    """Yield an instance that nobody else uses, for tests that stop, kill or restart it; its folder goes at the end."""
    service.install()
    folder = Path(tempfile.mkdtemp(prefix="own-", dir=home(service)))
    folder.chmod(0o755)
    instance = Instance(service, folder)
    try:
        yield instance.start()
    finally:
        instance.stop()
        shutil.rmtree(folder, ignore_errors=True)
