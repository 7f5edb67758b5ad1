"""How records changed while a stream ran, with the nodes that this hits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runnel.compiler.compile import Compiled
from runnel.compiler.downstream import nodes_hit


@dataclass
class Drift:
    """Says of a stream which nodes a change of its records hits; it is compiled for that once a field is gone."""

    compiled: Callable[[], Compiled]
    _known: dict[tuple[str, str], list[str]] = field(default_factory=dict[tuple[str, str], list[str]])

    def with_hits(self, changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return changes of records; a field that is gone, and was read, says which nodes have other rows for it."""
        return [
            {**change, "hits": self._hit(str(change["source"]), str(change["column"]))}
            if change.get("kind") == "gone" and change.get("read") else dict(change)
            for change in changes
        ]  # fmt: skip

    def _hit(self, source: str, column: str) -> list[str]:
        if (source, column) not in self._known:
            compiled = self.compiled()
            self._known[(source, column)] = nodes_hit(compiled.graph, compiled.typed, source, column)
        return self._known[(source, column)]


def words_of(change: Mapping[str, Any]) -> str:
    """Return a change in words."""
    hits = ", ".join(change.get("hits", ()))
    return f"{change['source']}: {change['what']}" + (f"; this hits {hits}" if hits else "")
