"""A real PostgreSQL and a DuckDB that hold the same generated rows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from matrix_engines import Engines
from matrix_rows import COLUMNS, make_rows
from tools.services import postgres

from runnel.compiler.dialects.postgres.typed import identifier, type_name


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """The address of a fresh database; the tests fail with the sentence that says how to get a server."""
    try:
        with postgres.running() as address:
            yield address
    except postgres.ServiceError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def engines(postgres_address: str) -> Iterator[Engines]:
    """Both engines with the same table `m`."""
    rows = make_rows()
    duck = duckdb.connect(config={"enable_external_access": "false"})
    duck.execute("SET TimeZone='UTC'")
    with psycopg.connect(postgres_address, autocommit=True) as server:
        server.execute("SET timezone='UTC'")
        _fill(duck, server, rows)
        yield Engines(duck, server)
    duck.close()


def _fill(duck: duckdb.DuckDBPyConnection, server: psycopg.Connection[Any], rows: list[dict[str, Any]]) -> None:
    names = ", ".join(identifier(name) for name in COLUMNS)
    duck.execute(f"CREATE TABLE m ({', '.join(f'{identifier(n)} {t}' for n, t in COLUMNS.items())})")
    server.execute(
        f"CREATE TABLE m ({', '.join(f'{identifier(n)} {type_name(t)}' for n, t in COLUMNS.items())})".encode()
    )
    values = [[row[name] for name in COLUMNS] for row in rows]
    duck.executemany(f"INSERT INTO m ({names}) VALUES ({', '.join('?' for _ in COLUMNS)})", values)
    marks = ", ".join("%s" for _ in COLUMNS)
    with server.cursor() as cursor:
        cursor.executemany(f"INSERT INTO m ({names}) VALUES ({marks})".encode(), values)
