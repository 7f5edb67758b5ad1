"""A real broker, and both ways of reading it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integration.kafka.topics import CLIENTS, Broker, Reading
from runnel.connectors.kafka.reading import Wanted


@pytest.fixture(scope="session")
def broker(kafka) -> Broker:
    return Broker(kafka.address)


@pytest.fixture(params=sorted(CLIENTS))
def read(request, broker) -> Iterator[Callable[..., Reading]]:
    """Return a function that makes a reader of topics; `Wanted` takes the rest."""
    made: list[Reading] = []

    def make(*topics: str, settings: dict[str, Any] | None = None, at: Broker = broker, **wanted: Any) -> Reading:
        made.append(Reading(at, request.param, Wanted(topics, **wanted), **(settings or {})))
        return made[-1]

    yield make
    for one in made:
        one.reader.close()
