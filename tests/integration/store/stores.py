"""Stores for tests: on SQLite and on a real PostgreSQL, datasets published from queries and read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from runnel.store import Store

TYPES = {"id": "BIGINT", "t": "VARCHAR"}


def fresh_database(address: str) -> str:
    import psycopg

    name = f"store_{uuid4().hex[:8]}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        info = connection.info
        password = f":{info.password}" if info.password else ""
        return f"postgresql+psycopg://{info.user}{password}@/{name}?host={info.host}&port={info.port}"


def parquet(home: Path, query: str) -> str:
    path = home / f"{uuid4().hex}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return str(path)


def publish(store: Store, query: str, types: dict[str, str], run: str, mode: str = "append", key: tuple[str, ...] = (), name: str = "set") -> dict[str, Any]:
    from runnel.connectors.datasets.storing import stored_columns

    return store.datasets.publish(name, [parquet(store.home, stored_columns(query, types))], mode, key, run, types)


def publish_rows(store: Store, run: str, *ids: int, mode: str = "append", name: str = "set") -> dict[str, Any]:
    """Rows of `id` and a text made of it."""
    values = ", ".join(f"({id}::BIGINT, 't{id}')" for id in ids)
    return publish(store, f"SELECT * FROM (VALUES {values}) AS v(id, t)", TYPES, run, mode, name=name)


def read(store: Store, name: str = "set", version: int | None = None) -> list[Any]:
    query, _, _, _ = store.datasets.query(name, version)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return sorted(connection.execute(query).fetchall(), key=repr)


def ids(store: Store, name: str = "set", version: int | None = None) -> list[int]:
    return sorted(row[0] for row in read(store, name, version))
