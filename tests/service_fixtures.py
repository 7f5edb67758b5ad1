"""Services for tests, one instance for all test workers of a machine; a test that cannot have its service fails and says how.

`kafka`, `registry`, `mosquitto`, `toxiproxy`, `postgres_server` are shared. `own_service` starts one that a test may
stop, kill and start again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from tools.services import instances, sharing


@contextlib.contextmanager
def _needed() -> Iterator[None]:
    try:
        yield
    except instances.ServiceError as error:
        pytest.fail(str(error), pytrace=False)


def _shared(name: str) -> Callable[..., Iterator[sharing.Running]]:
    def fixture() -> Iterator[sharing.Running]:
        with contextlib.ExitStack() as held:
            with _needed():
                found = held.enter_context(sharing.running(sharing.find(name)))
            yield found

    return fixture


kafka = pytest.fixture(scope="session", name="kafka")(_shared("kafka"))
registry = pytest.fixture(scope="session", name="registry")(_shared("registry"))
mosquitto = pytest.fixture(scope="session", name="mosquitto")(_shared("mosquitto"))
toxiproxy = pytest.fixture(scope="session", name="toxiproxy")(_shared("toxiproxy"))
postgres_server = pytest.fixture(scope="session", name="postgres_server")(_shared("postgres"))


@pytest.fixture
def own_service() -> Iterator[Callable[[str], instances.Instance]]:
    """Return a function that starts a service for this test alone; all end with the test."""
    with contextlib.ExitStack() as held:

        def start(name: str) -> instances.Instance:
            with _needed():
                return held.enter_context(instances.own(sharing.find(name)))

        yield start
