"""PostgreSQL with logical replication; `running` hands out a fresh database on the shared server."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tools.services import packages, sharing
from tools.services.instances import Plan, Service, ServiceError, free_ports

__all__ = ["SERVICE", "ServiceError", "binaries", "running"]

HOW = (
    "PostgreSQL is needed: install it (Debian: `apt-get install postgresql`), or set "
    "RUNNEL_TEST_POSTGRES=postgresql://user:password@host:5432/database to use a server of yours"
)
_numbers = itertools.count()


def binaries() -> Path:
    """Return the folder of initdb and postgres, installing the package if this user may; raises ServiceError."""
    found = _find() or (_find() if packages.debian("postgresql") else None)
    if found is None:
        raise ServiceError(HOW)
    return found


def _find() -> Path | None:
    folders = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if folders:
        return max(folders, key=lambda path: float(path.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def install() -> None:
    """Get the server's programs."""
    binaries()


def prepare(folder: Path) -> Plan:
    """Make a fresh data folder, owned by the account that runs the server."""
    tools, data, (port,) = binaries(), folder / "data", free_ports(1)
    data.mkdir()
    account = []
    if os.geteuid() == 0:
        shutil.chown(data, "postgres", "postgres")
        account = ["runuser", "-u", "postgres", "--"]
    options = ("-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    done = subprocess.run(
        [*account, str(tools / "initdb"), "-D", str(data), *options],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    if done.returncode:
        raise ServiceError(f"initdb: {done.stderr.strip() or done.stdout.strip()}. {HOW}")
    settings = [
        "listen_addresses='127.0.0.1'", f"port={port}", "unix_socket_directories=''", "wal_level=logical",
        "max_wal_senders=10", "max_replication_slots=10", "fsync=off", "timezone='UTC'", "max_connections=100",
    ]  # fmt: skip
    with (data / "postgresql.conf").open("a") as conf:
        conf.write("\n".join(settings) + "\n")
    return Plan((str(tools / "postgres"), "-D", str(data)), f"postgresql://postgres@127.0.0.1:{port}/postgres")


def ready(plan: Plan) -> bool:
    """Tell whether the server lets a client in."""
    import psycopg

    try:
        psycopg.connect(plan.address, connect_timeout=1).close()
    except psycopg.OperationalError:
        return False
    return True


SERVICE = Service(
    "postgres", "RUNNEL_TEST_POSTGRES", HOW, install, prepare, ready, ending=signal.SIGINT, user="postgres"
)


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Yield the address of a fresh database on the shared server; drops it at the end. Raises ServiceError."""
    with sharing.running(SERVICE) as found, _database(found.address) as address:
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
