"""One instance of a service for all processes that use it: test workers, benchmarks, a person.

Every user holds a shared lock on a file. A supervisor process of its own starts the service, and stops it as soon as
nobody holds the lock any more, also when the users crashed; the service ends with its supervisor.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tools.services.instances import READY_SECONDS, REPOSITORY, Instance, Service, ServiceError, home


@dataclass(frozen=True)
class Running:
    """Where a service answers; `details` are empty for one that the environment names."""

    address: str
    details: Mapping[str, Any] = field(default_factory=dict)


def find(name: str) -> Service:
    """Return a service by the name of its module; raises ServiceError with the names that exist."""
    if name not in names():
        raise ServiceError(f"no service is called {name}: {', '.join(names())}")
    return importlib.import_module(f"tools.services.{name}").SERVICE


def names() -> list[str]:
    """Return the names of all services: the modules here that define one."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*.py") if "\nSERVICE = " in file.read_text("utf-8"))


def start(service: Service) -> Running:
    """Start the service for a person and leave it running until `stop`."""
    if service.environment in os.environ:
        return Running(os.environ[service.environment])
    with _locked(service, "lock"):
        (home(service) / "keep").touch()
        return _ensure(service)


def stop(service: Service) -> None:
    """Stop the instance that this folder started, by its process id."""
    with _locked(service, "lock"):
        (home(service) / "keep").unlink(missing_ok=True)
        state = _state(service)
        if state is None:
            return
        os.kill(state["supervisor"], signal.SIGTERM)
        _wait(lambda: _born(state["supervisor"]) is None, 30)


def status(service: Service) -> Running | None:
    """Return where the service answers, or None when it does not run."""
    if service.environment in os.environ:
        return Running(os.environ[service.environment])
    state = _state(service)
    return _running(state) if state else None


@contextlib.contextmanager
def running(service: Service) -> Iterator[Running]:
    """Yield where the service answers, starting it where nobody did; raises ServiceError with how to get it."""
    if service.environment in os.environ:
        yield Running(os.environ[service.environment])
        return
    with _locked(service, "users", fcntl.LOCK_SH):
        with _locked(service, "lock"):
            found = _ensure(service)
        yield found


def _running(state: Mapping[str, Any]) -> Running:
    return Running(state["address"], state["details"])


@contextlib.contextmanager
def _locked(service: Service, name: str, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    handle = os.open(home(service) / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)


def _state(service: Service) -> dict[str, Any] | None:
    path = home(service) / "running.json"
    if not path.exists():
        return None
    state = json.loads(path.read_text("utf-8"))
    return state if _born(state["supervisor"]) == state["born"] else None


def _born(pid: int) -> float | None:
    """Return when a process was started, which tells it from a later one with the same id; None when it is gone."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def _wait(done: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.02)


def _ensure(service: Service) -> Running:
    """Return the running instance, or start one with its supervisor; called under the lock."""
    state = _state(service)
    if state is not None:
        return _running(state)
    service.install()
    folder = home(service)
    (folder / "running.json").unlink(missing_ok=True)
    with (folder / "supervisor.log").open("wb") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "tools.services.sharing", service.name], cwd=REPOSITORY, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    _wait(lambda: supervisor.poll() is not None or _state(service) is not None, READY_SECONDS + 5)
    state = _state(service)
    if state is None:
        supervisor.kill()
        said = (folder / "supervisor.log").read_text("utf-8", "replace").strip()
        raise ServiceError(said or f"{service.name} did not start. {service.how}")
    return _running(state)


def supervise(service: Service) -> int:
    """Run an instance until nobody uses it, or until SIGTERM; the body of the supervisor process."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    folder = home(service)
    shutil.rmtree(folder / "shared", ignore_errors=True)
    (folder / "shared").mkdir()
    instance = Instance(service, folder / "shared")
    try:
        instance.start()
    except ServiceError as error:
        print(error)
        return 1
    own = {"supervisor": os.getpid(), "born": _born(os.getpid())}
    state = {**own, "address": instance.address, "details": dict(instance.details)}
    draft = folder / "running.json.new"
    draft.write_text(json.dumps(state), "utf-8")
    draft.rename(folder / "running.json")
    while not asked.wait(0.3) and instance.alive():
        with contextlib.suppress(BlockingIOError), _locked(service, "lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
            if not (folder / "keep").exists() and _unused(service):
                (folder / "running.json").unlink()
                instance.stop()
                return 0
    (folder / "running.json").unlink(missing_ok=True)
    instance.stop()
    return 0


def _unused(service: Service) -> bool:
    try:
        with _locked(service, "users", fcntl.LOCK_EX | fcntl.LOCK_NB):
            return True
    except BlockingIOError:
        return False


if __name__ == "__main__":
    sys.exit(supervise(find(sys.argv[1])))
