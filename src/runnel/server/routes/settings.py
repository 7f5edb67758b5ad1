"""Settings: what applies and where it comes from; a few that an admin changes while the server runs."""

from __future__ import annotations

from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from runnel.app.settings import DEFAULTS
from runnel.server.answers import answer, check_match, etag_of
from runnel.server.bodies import Body
from runnel.server.guarding import audit, principal, state_of
from runnel.server.routing import Routes
from runnel.server.state import VERSION, ServerState
from runnel.telemetry.redaction import redacted

routes = Routes("settings")
STORED: dict[str, Any] = {"registration": "closed"}


class SettingsChange(Body):
    """The settings that can be changed here."""

    registration: Literal["closed", "open"] | None = None


@routes.get("/settings", "settings.view")
def get_settings(request: Request) -> Response:
    """Return the settings; those of the machine are for admins."""
    return _shown(state_of(request), principal(request).may("settings.edit"))


@routes.patch("/settings", "settings.edit")
def change_settings(request: Request, body: SettingsChange) -> Response:
    """Change settings."""
    state = state_of(request)
    before = _stored(state)
    check_match(request, etag_of(before))
    for name, value in body.model_dump(exclude_none=True).items():
        state.store.site_settings.set(name, value)
    audit(request).object("settings", "settings").change(before, _stored(state))
    return _shown(state, True)


def _stored(state: ServerState) -> dict[str, Any]:
    return {**STORED, **state.store.site_settings.all()}


def _shown(state: ServerState, whole: bool) -> Response:
    stored = _stored(state)
    made: dict[str, Any] = {"version": VERSION, "mode": state.access.users.mode, "stored": stored}
    made["limits"] = {"upload_bytes": state.setting("upload_bytes"), "share_days": state.setting("share_days")}
    if whole:
        items = [{"name": name, "value": state.settings.get(name, default)} for name, default in DEFAULTS.items()]
        made["items"] = redacted(items)
    return answer(made, etag=etag_of(stored))
