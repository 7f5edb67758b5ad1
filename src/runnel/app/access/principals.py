"""Who asks: a person, a token or a share, with what it may do; made from a proof, never from an address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["local", "user", "token", "share", "console"]


@dataclass(frozen=True)
class Principal:
    """Who asks. `session_id` or `token_id` names the proof; `scopes` is None where nothing narrows the role."""

    kind: Kind
    user_id: str
    name: str
    role: str
    permissions: frozenset[str] = field(default_factory=frozenset)
    scopes: tuple[str, ...] | None = None
    session_id: str | None = None
    token_id: str | None = None
    share_id: str | None = None

    def may(self, permission: str) -> bool:
        """Tell whether it has a permission."""
        return permission in self.permissions

    @property
    def key(self) -> str:
        """What tells it from others, for limits and kept answers."""
        return f"{self.kind}:{self.token_id or self.share_id or self.user_id}"

    def to_actor(self) -> dict[str, Any]:
        """Return how the audit log names it."""
        made = {"kind": self.kind, "id": self.user_id, "name": self.name, "role": self.role}
        besides = {"session": self.session_id, "token": self.token_id, "share": self.share_id}
        return made | {name: value for name, value in besides.items() if value is not None}


CONSOLE = Principal("console", "console", "console", "admin")
"""The person at the machine, who works on the state folder with the command line."""
