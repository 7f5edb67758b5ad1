"""The permissions by name, and the three roles as sets of them; what is not named is denied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from runnel.errors import AuthoringError

PERMISSIONS: Mapping[str, str] = {
    "pipelines.view": "see pipelines, their results and runs",
    "pipelines.create": "make pipelines",
    "pipelines.edit": "change pipelines",
    "pipelines.delete": "delete pipelines",
    "pipelines.execute": "run pipelines",
    "streams.view": "see streams",
    "streams.execute": "start, stop, drain and rewind streams",
    "transformations.view": "see transformations",
    "transformations.create": "make transformations",
    "transformations.edit": "change transformations",
    "transformations.delete": "delete transformations",
    "transformations.execute": "run transformations",
    "files.view": "see files",
    "files.upload": "add files",
    "files.download": "download files",
    "files.delete": "delete files",
    "datasets.view": "see datasets",
    "datasets.export": "download datasets",
    "dashboards.view": "see dashboards",
    "shares.view": "see what is shared",
    "shares.create": "share charts by a link",
    "shares.revoke": "end shared links",
    "search.view": "search",
    "settings.view": "see the settings",
    "settings.edit": "change the settings",
    "users.view": "see the users",
    "users.manage": "add, change and remove users",
    "audit.view": "read the audit log",
    "tokens.own": "make API tokens of one's own",
    "profile.own": "change one's own profile and password",
    "monitoring.view": "see health and activity",
    "ingest": "send records to sources",
    "connectors.view": "see connectors",
    "connections.view": "see connections, without their secrets",
    "connections.create": "make connections",
    "connections.edit": "change connections",
    "connections.delete": "delete connections",
    "connections.test": "test connections",
}

ALIASES: Mapping[str, str] = {"dashboard.view": "dashboards.view"}
"""Names that document 003 uses besides."""

_SOURCE = re.compile(r"ingest:[A-Za-z0-9_-]{1,100}/[A-Za-z0-9_-]{1,100}")
"""The scope of a token that may send records to one source and nothing else."""

ONLY_ADMIN = frozenset({"users.view", "users.manage", "audit.view", "settings.edit"})
_VIEWER_BESIDES = frozenset({"files.download", "datasets.export", "profile.own", "tokens.own"})

ROLES: Mapping[str, frozenset[str]] = {
    "admin": frozenset(PERMISSIONS),
    "editor": frozenset(PERMISSIONS) - ONLY_ADMIN,
    "viewer": frozenset(name for name in PERMISSIONS if name.endswith(".view")) - ONLY_ADMIN | _VIEWER_BESIDES,
}

ROLE_WORDS: Mapping[str, str] = {
    "admin": "everything, users and settings too",
    "editor": "make, change, run and delete pipelines; share charts",
    "viewer": "see pipelines, runs and dashboards; download results",
}


def canonical(name: str) -> str:
    """Return the one name of a permission; raises AuthoringError for a name that is none."""
    found = ALIASES.get(name, name)
    if found not in PERMISSIONS:
        raise AuthoringError("RNL-ACCESS-001", f"`{name}` is no permission", f"Permissions: {', '.join(PERMISSIONS)}.")
    return found


def role_permissions(role: str) -> frozenset[str]:
    """Return what a role may do; an unknown role may do nothing."""
    return ROLES.get(role, frozenset())


def check_role(role: str) -> str:
    """Return the role; raises AuthoringError for a name that is none."""
    if role not in ROLES:
        raise AuthoringError("RNL-ACCESS-002", f"`{role}` is no role", f"Roles: {', '.join(ROLES)}.", {"field": "role"})
    return role


def roles_that(permission: str) -> list[str]:
    """Return the roles that have a permission, for the page that says who can help."""
    return [role for role, allowed in ROLES.items() if permission in allowed]


def check_scopes(scopes: Iterable[str]) -> list[str]:
    """Return scopes: permissions, `resource.*`, or `ingest:PIPELINE/SOURCE`; raises AuthoringError for others."""
    made: set[str] = set()
    for scope in scopes:
        prefix = scope.removesuffix("*")
        if _SOURCE.fullmatch(scope) or (scope.endswith(".*") and any(name.startswith(prefix) for name in PERMISSIONS)):
            made.add(scope)
        else:
            made.add(canonical(scope))
    return sorted(made)


def narrowed(permissions: frozenset[str], scopes: Iterable[str] | None) -> frozenset[str]:
    """Return the permissions that the scopes of a token leave; None leaves all, an empty list none."""
    if scopes is None:
        return permissions
    exact = {scope for scope in scopes if not scope.endswith(".*")}
    prefixes = tuple(scope.removesuffix("*") for scope in scopes if scope.endswith(".*"))
    return frozenset(name for name in permissions if name in exact or (prefixes and name.startswith(prefixes)))
