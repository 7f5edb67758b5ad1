"""Roles: what each may do, in words."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from runnel.app.access.permissions import PERMISSIONS, ROLE_WORDS, ROLES
from runnel.server.answers import page
from runnel.server.routing import Routes

routes = Routes("roles")


@routes.get("/roles", "profile.own")
def list_roles(request: Request) -> Response:
    """List the roles with their permissions."""
    return page([
        {
            "name": role, "words": ROLE_WORDS[role],
            "permissions": [{"name": name, "words": PERMISSIONS[name]} for name in sorted(allowed)],
        }
        for role, allowed in ROLES.items()
    ])  # fmt: skip
