"""Nodes that ask another system about the keys of their rows, and remember the answers as their state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

from runnel.sdk.stateful import StatefulNode

ANSWERS = "answers"
"""The table with the answers to the keys of a step: the key's columns and one of text for each thing asked for; no row for
a key that was not answered."""
KNOWN = "_known"
"""The last column of the answers: whether the other system knows the key."""

Key = tuple[str, ...]


@dataclass(frozen=True)
class AskingContext:
    """What one that asks is given: its node, the connections with their secrets, the rules of the network, a scratch folder."""

    node: str
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Any], repr=False)
    egress: Any = None
    scratch: str = ""


class Asker(Protocol):
    """Asks another system. It is used by one thread at a time, which need not be the same."""

    def ask(self, keys: Sequence[Key]) -> Mapping[Key, Sequence[str | None]]:
        """Return what is known of keys (each once, as text), as text; raises ConnectorError, retryable where it may pass."""
        ...

    def close(self) -> None:
        """Let go of what was opened."""
        ...


class AskingNode(StatefulNode):
    """A node whose rows get answers of another system.

    Its `behave` gives the relation `asks`: the keys to ask for, over its inputs, `state` and `clock`. The answers stand in the
    table `answers` before anything else is computed, and what the node keeps of them is in the row of the epoch: rows that
    are computed again after a death, from a kept epoch on, have the answers that they had.
    """

    asks: ClassVar[bool] = True

    @property
    def when_silent(self) -> Literal["wait", "go_on"]:
        """What to do when the other system does not answer: wait, or go on without."""
        return "wait"

    @property
    def tries(self) -> int:
        """How often to ask before going on without an answer."""
        return 3

    def asker(self, context: AskingContext) -> Asker:
        """Return what asks; nothing is opened yet."""
        raise NotImplementedError
