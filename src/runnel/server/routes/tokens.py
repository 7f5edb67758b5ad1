"""API tokens of one's own: named, scoped, expiring; shown once."""

from __future__ import annotations

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from runnel.app.access.permissions import check_scopes, narrowed
from runnel.app.access.tokens import read_expiry
from runnel.server.answers import answer, nothing, paged
from runnel.server.bodies import Body
from runnel.server.guarding import audit, principal, state_of
from runnel.server.problems import HttpError
from runnel.server.routing import Routes

routes = Routes("tokens")


class NewToken(Body):
    """A new token; without scopes it may what its owner may, without `expires` it lasts ninety days."""

    name: str = Field(min_length=1, max_length=200)
    scopes: list[str] | None = Field(None, max_length=100)
    expires: str | None = Field("90d", max_length=60)


@routes.get("/tokens", "tokens.own")
def list_tokens(request: Request, user: str = "", cursor: str | None = None, limit: int = 100) -> Response:
    """List one's own tokens, or with `user=all` as an admin those of everybody."""
    who = principal(request)
    if user and user != who.user_id and not who.may("users.manage"):
        raise HttpError(403, "other people's tokens are for admins", code="RNL-ACCESS-403")
    owner = who.user_id if not user else None if user == "all" else user
    found = state_of(request).access.tokens.store.list(owner)
    return paged([token.to_json() for token in found], cursor, limit)


@routes.post("/tokens", "tokens.own", secret_answer=True)
def create_token(request: Request, body: NewToken) -> Response:
    """Make a token; the answer is the only place where it ever stands."""
    who, access = principal(request), state_of(request).access
    scopes = check_scopes(body.scopes) if body.scopes is not None else who.scopes
    more = narrowed(frozenset(access.permissions_of(who.user_id)), scopes) - who.permissions
    if more and who.scopes is not None:
        raise HttpError(403, f"a token cannot give what it has not: {', '.join(sorted(more))}", code="RNL-ACCESS-403")
    user = access.users.get(who.user_id)
    expires_at = read_expiry(body.expires, access.tokens.clock())
    token, made = access.tokens.create(user, body.name, scopes, expires_at)
    audit(request).object(made.id, "token").change(None, made.to_json())
    return answer({**made.to_json(), "token": token}, 201)


@routes.delete("/tokens/{id}", "tokens.own")
def revoke_token(request: Request, id: str) -> Response:
    """Revoke a token: one's own, or as an admin anybody's."""
    who = principal(request)
    made = state_of(request).access.tokens.revoke(id, None if who.may("users.manage") else who.user_id)
    audit(request).object(id, "token").change(made.to_json(), None)
    return nothing()
