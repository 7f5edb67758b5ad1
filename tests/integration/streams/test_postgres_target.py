"""PostgreSQL as the target of a stream: rows once, changes by key, refused rows apart, and a COMMIT whose reply is lost."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from runnel.connectors.postgres.sink import PostgresSink
from runnel.errors import ConnectorError, InternalError
from runnel.sdk.delivery import DeliveryContext, EpochRows

TYPES = {"id": "BIGINT", "name": "VARCHAR", "v": "INTEGER"}
COUNT = int(os.environ.get("FAULT_COMMITS", "25"))


@pytest.fixture
def table(postgres_server) -> Iterator[str]:
    name = f"target_{os.getpid()}_{random.randrange(10**9)}"
    yield name
    with psycopg.connect(postgres_server.address) as connection:
        connection.execute(f'DROP TABLE IF EXISTS "{name}"')


def delivery(server: Any, table: str, *, app: str = "", token: int = 1, port: int | None = None, **config: Any) -> Any:
    """Return what delivers into a table; `app` and `token` stand for a stream and its lease."""
    found = psycopg.conninfo.conninfo_to_dict(server.address)
    options = {"host": found["host"], "port": port or int(found["port"]), "database": found["dbname"], "user": found["user"],
               "tls": "disable", "connect_timeout_seconds": 3}  # fmt: skip
    sink = PostgresSink(PostgresSink.Config.model_validate({"connection": "db", "table": table, **config}), {}, "out")
    types = {**TYPES, **({"_op": "VARCHAR"} if config.pop("changes", False) else {})}
    return sink.delivery(DeliveryContext(
        app=app or table, token=token, pipeline="p", node="out", folder=".", home=".", types=types, connections={"db": options},
    ))  # fmt: skip


def rows(epoch: int, *given: tuple[Any, ...], op: bool = False) -> EpochRows:
    names = [*TYPES, *(["_op"] if op else [])]
    kinds = [pa.int64(), pa.string(), pa.int32(), pa.string()]
    columns = {name: pa.array([row[n] for row in given], kinds[n]) for n, name in enumerate(names)}
    return EpochRows(epoch, pa.table(columns))


def content(server: Any, table: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.address) as connection:
        return connection.execute(f'SELECT id, name, v FROM "{table}" ORDER BY id, v').fetchall()


def test_an_epoch_counts_once_however_often_it_is_delivered(postgres_server, table):
    made = delivery(postgres_server, table)
    assert made.open().epoch == 0
    for _ in range(3):
        assert made.deliver([rows(4, (1, "a", 1)), rows(5, (2, "b", 2))]).epoch == 5
    made.close()
    again = delivery(postgres_server, table)
    assert again.open().epoch == 5
    again.deliver([rows(5, (2, "b", 2)), rows(7, (3, None, None))])
    again.close()
    assert content(postgres_server, table) == [(1, "a", 1), (2, "b", 2), (3, None, None)]


def test_rows_of_one_key_are_replaced_and_deleted(postgres_server, table):
    made = delivery(postgres_server, table, mode="upsert", key=["id"])
    made.open()
    made.deliver([rows(1, (1, "a", 1), (2, "b", 2), (1, "c", 3))])
    made.deliver([rows(2, (2, "z", 9), (4, "d", 4))])
    made.close()
    assert content(postgres_server, table) == [(1, "c", 3), (2, "z", 9), (4, "d", 4)]
    gone = delivery(postgres_server, table, app=f"{table}-delete", mode="delete", key=["id"])
    gone.open()
    gone.deliver([rows(1, (1, "", 0), (4, "", 0))])
    gone.close()
    assert content(postgres_server, table) == [(2, "z", 9)]


def test_change_rows_are_applied_in_their_order(postgres_server, table):
    made = delivery(postgres_server, table, mode="upsert", key=["id"])
    made.open()
    made.deliver([rows(1, (1, "a", 1, "insert"), (2, "b", 2, "insert"), (1, "a", 5, "update"), (2, "b", 2, "delete"), op=True)])
    made.close()
    assert content(postgres_server, table) == [(1, "a", 5)]


def test_a_row_that_the_table_refuses_is_told_and_the_others_are_written(postgres_server, table):
    with psycopg.connect(postgres_server.address) as connection:
        connection.execute(f'CREATE TABLE "{table}" (id bigint PRIMARY KEY, name varchar(3), v integer CHECK (v < 100))')
    made = delivery(postgres_server, table)
    made.open()
    found = made.deliver([rows(1, *((n, "long name" if n == 7 else "ok", 100 if n == 13 else n) for n in range(20)))])
    assert [(item.epoch, item.row) for item in found.refused] == [(1, 7), (1, 13)]
    assert "too long" in found.refused[0].reason
    made.close()
    assert len(content(postgres_server, table)) == 18
    reopened = delivery(postgres_server, table).open()
    assert [(item.epoch, item.row) for item in reopened.refused] == [(1, 7), (1, 13)]


def test_an_owner_with_an_older_token_is_refused(postgres_server, table):
    old = delivery(postgres_server, table, token=1)
    old.open()
    old.deliver([rows(1, (1, "a", 1))])
    new = delivery(postgres_server, table, token=2)
    assert new.open().epoch == 1
    with pytest.raises(InternalError, match="another process delivers"):
        old.deliver([rows(2, (2, "old", 2))])
    new.deliver([rows(2, (2, "new", 2))])
    with pytest.raises(InternalError):
        delivery(postgres_server, table, token=1).open()
    assert content(postgres_server, table) == [(1, "a", 1), (2, "new", 2)]


@pytest.fixture
def cutting(toxiproxy, postgres_server) -> Iterator[Any]:
    """The server behind Toxiproxy: its answers can be held back while requests go through."""
    import httpx

    found = psycopg.conninfo.conninfo_to_dict(postgres_server.address)
    api = f"http://{toxiproxy.address}"
    name = f"pg-{os.getpid()}-{random.randrange(10**9)}"
    made = httpx.post(f"{api}/proxies", json={"name": name, "listen": "127.0.0.1:0", "upstream": f"{found['host']}:{found['port']}"})
    yield int(made.json()["listen"].rpartition(":")[2]), f"{api}/proxies/{name}"
    httpx.delete(f"{api}/proxies/{name}")


def test_a_commit_whose_reply_is_lost_is_neither_lost_nor_doubled(postgres_server, table, cutting):
    import httpx

    port, proxy = cutting
    made = delivery(postgres_server, table, port=port)
    made.open()
    wanted, ambiguous = [], 0
    for epoch in range(1, COUNT + 1):
        wanted.append((epoch, "x", epoch))
        # The answers stop after some bytes: often the one to COMMIT, at times an earlier one.
        httpx.post(f"{proxy}/toxics", json={
            "name": "cut", "type": "limit_data", "stream": "downstream", "attributes": {"bytes": random.Random(epoch).randrange(20, 260)},
        })  # fmt: skip
        try:
            made.deliver([rows(epoch, (epoch, "x", epoch))])
        except ConnectorError as error:
            assert error.retryable
            ambiguous += 1
        httpx.delete(f"{proxy}/toxics/cut")
        deadline = 50
        while True:
            try:
                if made.open().epoch < epoch:
                    made.deliver([rows(epoch, (epoch, "x", epoch))])
                break
            except ConnectorError:
                deadline -= 1
                assert deadline
    made.close()
    assert ambiguous > COUNT / 4
    assert content(postgres_server, table) == wanted
