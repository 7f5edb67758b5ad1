"""A store on SQLite and on a real PostgreSQL; one server for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tools.services import postgres

from building import fresh_folder
from integration.store.stores import fresh_database
from runnel.store import Store


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres.running() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
def store(request) -> Iterator[Store]:
    with fresh_folder() as home:
        url = f"sqlite:///{home / 'runnel.db'}"
        if request.param == "postgres":
            url = fresh_database(request.getfixturevalue("server"))
        opened = Store.open(url, home)
        yield opened
        opened.close()


@pytest.fixture
def sqlite() -> Iterator[Store]:
    """Where the database makes no difference."""
    with fresh_folder() as home:
        opened = Store.open(f"sqlite:///{home / 'runnel.db'}", home)
        yield opened
        opened.close()
