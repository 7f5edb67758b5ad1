"""What a change tells to those who listen, where its handler tells nothing itself: shares, users, settings, and the log."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from runnel.server.guarding import audit, state_of
from runnel.server.rules import Rule

TOPICS: Mapping[str, tuple[str, str]] = {
    "share": ("shares", "share.changed"), "shares": ("shares", "share.changed"), "user": ("users", "user.changed"),
    "users": ("users", "user.changed"), "connection": ("connections", "connection.changed"),
    "settings": ("settings", "settings.changed"),
}  # fmt: skip
"""The topic and type of an event by the kind of object that was changed."""


def tell(rule: Rule, request: Request, response: Response) -> None:
    """Publish that something was changed; names and values are left to who asks for them and may see them."""
    if rule.action is None or response.status_code >= 400:
        return
    entry, events = audit(request), state_of(request).events
    if entry.kind in TOPICS:
        topic, type = TOPICS[entry.kind]
        events.publish(topic, type, {"id": entry.id, "action": rule.action})
    events.publish("audit", "audit.changed", {"action": rule.action, "object_kind": entry.kind, "object_id": entry.id})
