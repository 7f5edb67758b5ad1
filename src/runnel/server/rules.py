"""The rule of a route: the permission that it asks for, what it changes, and which body it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from runnel.app.access.permissions import PERMISSIONS


class Public:
    """The sentinel of routes that anybody may call."""

    def __repr__(self) -> str:
        return "PUBLIC"


PUBLIC = Public()
PUBLIC_PATHS = frozenset({
    "/healthz", "/readyz", "/docs", "/redoc", "/api/v1/openapi.json", "/api/v1/auth/login",
    "/api/v1/auth/setup", "/api/v1/auth/register", "/share/{id}", "/share/{id}/data", "/{path:path}",
})  # fmt: skip
"""The complete list; the last one serves the static files of the editor."""

LOOPBACK_PATHS = frozenset({"/metrics", "/health", "/api/health"})
"""What this machine may ask for without a token, besides those who have the permission."""

BodyKind = Literal["none", "json", "raw", "stream"]


@dataclass(frozen=True)
class Rule:
    """What stands on a route object and is checked before its handler is entered or its body is read.

    `action` names the change for the audit log; a route without one changes nothing. `object_from` is the path
    parameter that names the changed object. `secret_answer` keeps an answer out of the store of repeated requests.
    """

    permission: str | Public
    resource: str
    action: str | None = None
    object_from: str | None = None
    body: BodyKind = "none"
    accepts: tuple[str, ...] = ("application/json",)
    most_bytes: int = 8 * 1024 * 1024
    secret_answer: bool = False
    failures_too: bool = False
    or_loopback: bool = False

    def check(self, path: str) -> None:
        """Raise ValueError for a rule that must not stand: an unknown permission, or a public route off the list."""
        if isinstance(self.permission, Public):
            if path not in PUBLIC_PATHS:
                raise ValueError(f"{path} is public but does not stand on the list of public routes")
        elif self.permission not in PERMISSIONS:
            raise ValueError(f"{path} asks for `{self.permission}`, which is no permission")
        if self.or_loopback and path not in LOOPBACK_PATHS:
            raise ValueError(f"{path} may not be called by address")
