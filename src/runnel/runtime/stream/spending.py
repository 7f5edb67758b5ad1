"""How long the nodes of a stream compute: seconds by node since its process began."""

# Arrow comes without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Spending:
    """Seconds by node, and the nodes that one query computes at once: theirs is one time.

    `together` maps each of those to the others.
    """

    seconds: dict[str, float] = field(default_factory=dict[str, float])
    together: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def add(self, node: str, seconds: float) -> None:
        """Count time that a node took."""
        self.seconds[node] = self.seconds.get(node, 0.0) + seconds

    def add_all(self, seconds: Mapping[tuple[str, ...], float]) -> None:
        """Count time that groups of nodes took; the last node of a group stands for it."""
        for nodes, taken in seconds.items():
            self.add(nodes[-1], taken)
            if len(nodes) > 1 and nodes[-1] not in self.together:
                for node in nodes:
                    self.together[node] = [other for other in nodes if other != node]

    @contextmanager
    def of(self, node: str) -> Generator[None, None, None]:
        """Count the time of a block as that of a node."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(node, time.perf_counter() - began)


def summed(*parts: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of several countings by node."""
    made: dict[str, float] = {}
    for part in parts:
        for node, seconds in part.items():
            made[node] = made.get(node, 0.0) + seconds
    return made
