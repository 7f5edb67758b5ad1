"""PostgreSQL on a free local port: install, start, ready, stop, address; one server shared by all test processes.

Every process that uses the server holds a shared lock on a file; a small watcher process stops the server as soon as
nobody holds it any more, also when the users crashed. `RUNNEL_TEST_POSTGRES=dsn` in the environment is used instead.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = "RUNNEL_TEST_POSTGRES"
PACKAGE = "postgresql"
HOW = (
    "PostgreSQL is needed: install it (Debian: `apt-get install postgresql`), or set "
    f"{ENVIRONMENT}=postgresql://user:password@host:5432/database to use a server of yours"
)
_numbers = itertools.count()


class ServiceError(RuntimeError):
    """The service cannot be had; the text says how to get it."""


def _as_root() -> bool:
    return os.geteuid() == 0


def _run(command: list[str], *, as_service: bool = False) -> subprocess.CompletedProcess[str]:
    if as_service and _as_root():
        command = ["runuser", "-u", "postgres", "--", *command]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def binaries() -> Path:
    """Return the folder of initdb and postgres, installing the package if this user may; raises ServiceError."""
    found = _find()
    if found is None:
        _install()
        found = _find()
    if found is None:
        raise ServiceError(HOW)
    return found


def _find() -> Path | None:
    folders = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if folders:
        return max(folders, key=lambda path: float(path.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _install() -> None:
    if not shutil.which("apt-get"):
        return
    prefix = [] if _as_root() else ["sudo", "-n"]
    if prefix and _run([*prefix, "true"]).returncode:
        return
    _run([*prefix, "apt-get", "update"])
    _run([*prefix, "apt-get", "install", "-y", "--no-install-recommends", PACKAGE])


def home() -> Path:
    """Return the service's folder, one that the user who runs the server can reach."""
    wanted = Path(os.environ.get("RUNNEL_SERVICES_DIR", REPOSITORY / ".cache" / "services")) / "postgres"
    for folder in (wanted, Path("/var/tmp") / f"runnel-services-{os.geteuid()}" / "postgres"):
        folder.mkdir(parents=True, exist_ok=True)
        if not _as_root():
            return folder
        if _run(["test", "-x", str(folder)], as_service=True).returncode == 0:
            return folder
    raise ServiceError("no folder that the user postgres can reach: set RUNNEL_SERVICES_DIR to one")


@contextlib.contextmanager
def _locked(name: str, how: int = fcntl.LOCK_EX) -> Iterator[int]:
    handle = os.open(home() / name, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, how)
        yield handle
    finally:
        os.close(handle)


def _state() -> dict[str, Any]:
    path = home() / "state.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _alive(pid: int | None) -> bool:
    if not pid:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _launch(keep: bool) -> dict[str, Any]:
    """Make a fresh data folder, start a server on it and its watcher; called under the main lock."""
    tools, data = binaries(), home() / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    if _as_root():
        shutil.chown(data, "postgres", "postgres")
    port = _free_port()
    settings = [
        "listen_addresses='127.0.0.1'", f"port={port}", "unix_socket_directories=''", "wal_level=logical",
        "max_wal_senders=10", "max_replication_slots=10", "fsync=off", "timezone='UTC'", "max_connections=100",
    ]  # fmt: skip
    _checked(
        [
            str(tools / "initdb"),
            "-D",
            str(data),
            "-U",
            "postgres",
            "--auth=trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
    )
    with (data / "postgresql.conf").open("a") as conf:
        conf.write("\n".join(settings) + "\n")
    _checked([str(tools / "pg_ctl"), "-D", str(data), "-l", str(data / "log"), "-w", "start"])
    pid = int((data / "postmaster.pid").read_text().splitlines()[0])
    state = {"pid": pid, "port": port, "keep": keep, "watcher": None}
    if not keep:
        state["watcher"] = _watch()
    (home() / "state.json").write_text(json.dumps(state))
    return state


def _checked(command: list[str]) -> None:
    done = _run(command, as_service=True)
    if done.returncode:
        raise ServiceError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}. {HOW}")


def _watch() -> int:
    watcher = subprocess.Popen(
        [sys.executable, "-m", "tools.services.postgres", "watch"], cwd=REPOSITORY, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return watcher.pid


def _address(state: dict[str, Any]) -> str:
    return f"postgresql://postgres@127.0.0.1:{state['port']}/postgres"


def _ensure(keep: bool) -> dict[str, Any]:
    state = _state()
    if not _alive(state.get("pid")):
        return _launch(keep)
    state["keep"] = state["keep"] or keep
    if not state["keep"] and not _alive(state.get("watcher")):
        state["watcher"] = _watch()
    (home() / "state.json").write_text(json.dumps(state))
    return state


def start() -> str:
    """Start the server for a person and leave it running until `stop`; returns its address."""
    if ENVIRONMENT in os.environ:
        return os.environ[ENVIRONMENT]
    with _locked("lock"):
        return _address(_ensure(keep=True))


def status() -> str:
    """Return the address of the running server, or `stopped`."""
    if ENVIRONMENT in os.environ:
        return os.environ[ENVIRONMENT]
    state = _state()
    return _address(state) if _alive(state.get("pid")) else "stopped"


def stop() -> str:
    """Stop the server that this folder started, by its process id."""
    with _locked("lock"):
        _end()
    return "stopped"


def _end() -> None:
    pid = _state().get("pid")
    if _alive(pid):
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 30
        while _alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        if _alive(pid):
            os.kill(pid, signal.SIGQUIT)
    (home() / "state.json").unlink(missing_ok=True)


def watch() -> None:
    """Stop the server as soon as no process uses it; runs as a process of its own."""
    while True:
        time.sleep(0.5)
        with _locked("lock"):
            state = _state()
            if state.get("keep") or not _alive(state.get("pid")):
                return
            try:
                with _locked("users", fcntl.LOCK_EX | fcntl.LOCK_NB):
                    _end()
                    return
            except BlockingIOError:
                continue


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Yield the address of a fresh database on a running server; drops it at the end. Raises ServiceError."""
    if ENVIRONMENT in os.environ:
        with _database(os.environ[ENVIRONMENT]) as address:
            yield address
        return
    with _locked("users", fcntl.LOCK_SH):
        with _locked("lock"):
            state = _ensure(keep=False)
        with _database(_address(state)) as address:
            yield address


@contextlib.contextmanager
def _database(server: str) -> Iterator[str]:
    """Create a database whose own collation is not "C" (so that a missing COLLATE shows), and drop it at the end."""
    import psycopg
    from psycopg import sql
    from psycopg.conninfo import make_conninfo

    name = f"runnel_{os.getpid()}_{next(_numbers)}"
    create = sql.SQL(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'"
    )
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(create.format(sql.Identifier(name)))
        try:
            yield make_conninfo(server, dbname=name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


if __name__ == "__main__" and sys.argv[1:] == ["watch"]:
    watch()
