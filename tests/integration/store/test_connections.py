"""Connections in the store: kept, changed by one of two at a time, their secrets sealed for them and their key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from runnel.errors import AuthoringError
from runnel.store import Store
from runnel.store.tables import connections

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def added(store: Store, name: str = "shop", **secrets: str):
    return store.connections.add(name, "postgres", {"host": "db"}, secrets, moment=NOW, actor="ada")


def rows(store: Store) -> list[dict]:
    with store.engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(connections)).mappings()]


@pytest.mark.row("M-002-20")
def test_a_connection_is_kept_with_name_type_settings_and_times(store: Store) -> None:
    made = added(store, password="hidden-word")
    assert store.connections.list() == [made] and store.connections.get("shop") == made
    shown = made.to_json()
    assert (shown["name"], shown["type"], shown["config"]) == ("shop", "postgres", {"host": "db"})
    assert shown["created_at"] == "2026-01-02T03:04:00Z" and shown["created_by"] == "ada" and len(shown["id"]) == 32
    assert shown["secret_fields"] == ["password"] and "hidden-word" not in str(shown)


@pytest.mark.row("M-002-08")
def test_secrets_lie_encrypted_and_name_their_key(store: Store) -> None:
    added(store, password="hidden-word")
    (row,) = rows(store)
    assert "hidden-word" not in str(row) and row["key_id"] and row["secrets"]
    assert store.connections.reveal("shop") == {"password": "hidden-word"}
    store.secrets.set("s", "x")
    assert store.secrets.list()[0]["key_id"] == row["key_id"], "connections and secrets share one key"


def test_a_name_is_taken_once_and_found_by_its_nearest(store: Store) -> None:
    added(store)
    with pytest.raises(AuthoringError) as caught:
        added(store)
    assert caught.value.code == "RNL-CONN-005"
    with pytest.raises(AuthoringError) as missing:
        store.connections.get("shoop")
    assert missing.value.code == "RNL-CONN-002" and "`shop`" in missing.value.hint


def test_of_two_changes_of_one_state_the_second_is_refused(store: Store) -> None:
    made = added(store, password="one")
    store.connections.change(made, "shop", {"host": "a"}, {"password": "two"}, NOW + timedelta(hours=1))
    with pytest.raises(AuthoringError) as caught:
        store.connections.change(made, "shop", {"host": "b"}, {}, NOW)
    assert caught.value.code == "RNL-CONN-006"
    found = store.connections.get("shop")
    assert found.config == {"host": "a"} and store.connections.reveal("shop") == {"password": "two"}


def test_a_change_forgets_the_last_test_and_a_test_of_an_older_state_is_not_kept(store: Store) -> None:
    made = added(store)
    store.connections.tested(made, NOW, {"ok": True, "steps": []})
    assert store.connections.get("shop").test == {"ok": True, "steps": []}
    store.connections.change(made, "shop", {"host": "a"}, {}, NOW)
    assert store.connections.get("shop").test is None
    store.connections.tested(made, NOW, {"ok": True, "steps": []})
    assert store.connections.get("shop").test is None


def test_secrets_of_one_connection_do_not_open_as_anothers(store: Store) -> None:
    added(store, "one", password="first-word")
    added(store, "two", password="other-word")
    sealed = {row["name"]: row["secrets"] for row in rows(store)}
    with store.engine.begin() as connection:
        connection.execute(connections.update().where(connections.c.name == "two").values(secrets=sealed["one"]))
    with pytest.raises(AuthoringError) as caught:
        store.connections.reveal("two")
    assert caught.value.code == "RNL-SECRET-003" and "first-word" not in str(caught.value)


def test_another_key_opens_nothing_and_is_named(sqlite: Store) -> None:
    added(sqlite, password="hidden-word")
    (row,) = rows(sqlite)
    (sqlite.home / "key").unlink()
    with pytest.raises(AuthoringError) as caught:
        sqlite.connections.reveal("shop")
    assert caught.value.code == "RNL-SECRET-003" and row["key_id"] in caught.value.what


def test_what_is_deleted_is_gone_with_its_secrets(store: Store) -> None:
    added(store, password="hidden-word")
    assert store.connections.delete("shop").name == "shop"
    assert rows(store) == []
    with pytest.raises(AuthoringError):
        store.connections.delete("shop")
