"""What a node needs of the outside: the settings of the connections that it names, with their secrets, for a worker only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from runnel.sdk.fields import ConnectionMark, SecretMark, marks_of
from runnel.sdk.node import Node

if TYPE_CHECKING:
    from runnel.app.project import Project

_SECRET = re.compile(r"\$\{secrets\.([A-Za-z0-9_-]+)\}")


def outside_of_node(project: Project, node: type[Node], config: Any) -> dict[str, Any]:
    """Return `connections` and `secrets` of a node; raises AuthoringError for one that is not there."""
    from runnel.app.connections import resolve

    connections: dict[str, Any] = {}
    for name, mark in marks_of(node.Config, ConnectionMark).items():
        value = getattr(config, name)
        if isinstance(value, str) and value:
            connections[value] = resolve(project, value, mark.kind, mark.kinds)
    secrets: dict[str, str] = {}
    for name in marks_of(node.Config, SecretMark):
        value = getattr(config, name)
        for text in value if isinstance(value, list) else [value]:
            for secret in _SECRET.findall(text or ""):
                secrets[secret] = project.store.secrets.reveal(secret)
    return {"connections": connections, "secrets": secrets}
