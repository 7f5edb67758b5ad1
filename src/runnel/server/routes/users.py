"""Users: one's own profile and preferences; for admins everybody, and invitations."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from runnel.app.access.users import ConflictError, Profile
from runnel.server.answers import answer, check_match, etag_of, nothing, paged, unchanged
from runnel.server.bodies import Body
from runnel.server.guarding import audit, principal, state_of
from runnel.server.routing import Routes
from runnel.store.moments import text
from runnel.store.users import User

routes = Routes("users")


class OwnProfile(Body):
    """What people change about themselves."""

    first_name: str | None = Field(None, max_length=200)
    last_name: str | None = Field(None, max_length=200)
    email: str | None = Field(None, max_length=320)
    timezone: str | None = Field(None, max_length=64)
    preferences: dict[str, Any] | None = None


class NewUser(Body):
    """A new user; the first one is an admin whatever the role says."""

    username: str = Field(min_length=1, max_length=200)
    password: str = Field(max_length=1024)
    role: str = Field("viewer", max_length=40)
    first_name: str = Field("", max_length=200)
    last_name: str = Field("", max_length=200)
    email: str | None = Field(None, max_length=320)
    timezone: str = Field("UTC", max_length=64)


class UserChange(Body):
    """What an admin changes about a user."""

    username: str | None = Field(None, max_length=200)
    password: str | None = Field(None, max_length=1024)
    role: str | None = Field(None, max_length=40)
    active: bool | None = None
    first_name: str | None = Field(None, max_length=200)
    last_name: str | None = Field(None, max_length=200)
    email: str | None = Field(None, max_length=320)
    timezone: str | None = Field(None, max_length=64)


class NewInvitation(Body):
    """An invitation to register with a role."""

    role: str = Field("viewer", max_length=40)


@routes.get("/users/me", "profile.own")
def get_me(request: Request) -> Response:
    """Return one's own profile and preferences."""
    return _shown(request, state_of(request).access.users.get(principal(request).user_id), own=True)


@routes.patch("/users/me", "profile.own")
def change_me(request: Request, body: OwnProfile) -> Response:
    """Change one's own profile; a preference that is null is forgotten."""
    users = state_of(request).access.users
    user = users.get(principal(request).user_id)
    check_match(request, _etag(user))
    changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    if "email" in body.model_fields_set and body.email is None:
        changes["email"] = None
    made = users.change(user, changes)
    audit(request).object(user.id, "user").change(_own(user), _own(made))
    return _shown(request, made, own=True)


@routes.get("/users", "users.view")
def list_users(request: Request, search: str = "", cursor: str | None = None, limit: int = 100) -> Response:
    """List the users."""
    wanted = search.casefold()
    found = [user.to_json() for user in state_of(request).access.users.store.list()]
    fits = [
        user for user in found if wanted in f"{user['username']} {user['first_name']} {user['last_name']}".casefold()
    ]
    return paged(fits, cursor, limit)


@routes.post("/users", "users.manage", secret_answer=False)
def create_user(request: Request, body: NewUser) -> Response:
    """Make a user. The first one takes over what the built-in person has; from then on everybody logs in."""
    users = state_of(request).access.users
    profile = Profile(body.first_name, body.last_name, body.email, body.timezone)
    made = users.create(body.username, body.password, body.role, profile)
    audit(request).object(made.id, "user").change(None, made.to_json())
    return answer(made.to_json(), 201, etag=_etag(made), headers={"Location": f"/api/v1/users/{made.id}"})


@routes.post("/users/invitations", "users.manage", secret_answer=True)
def invite(request: Request, body: NewInvitation) -> Response:
    """Make an invitation to register; its token is shown once."""
    token, made = state_of(request).access.tokens.invite(body.role, principal(request).user_id)
    audit(request).object(made.id, "invitation").change(None, {"role": made.role, "expires_at": text(made.expires_at)})
    shown = {"id": made.id, "role": made.role, "expires_at": text(made.expires_at), "token": token}
    return answer({**shown, "path": f"/register?invitation={token}"}, 201)


@routes.get("/users/{id}", "users.view")
def get_user(request: Request, id: str) -> Response:
    """Return a user."""
    return _shown(request, state_of(request).access.users.get(id))


@routes.patch("/users/{id}", "users.manage")
def change_user(request: Request, id: str, body: UserChange) -> Response:
    """Change a user: role, state, name, password. Less rights end the user's sessions."""
    access = state_of(request).access
    user = access.users.get(id)
    check_match(request, _etag(user))
    changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    password = changes.pop("password", None)
    if user.password_hash is None:
        raise ConflictError("RNL-ACCESS-016", "the built-in person is changed by making the first user", "POST /users.")
    if "active" in changes:
        changes["is_active"] = changes.pop("active")
    made = access.users.change(user, changes) if changes else user
    if password is not None:
        access.users.set_password(user, password)
        made = access.users.get(id)
    if password is not None or made.role != user.role or not made.is_active:
        access.sessions.end_all(f"changed by {principal(request).name}", user_id=id, but=principal(request).session_id)
    after = made.to_json() | ({"password": "changed"} if password is not None else {})
    audit(request).object(id, "user").change(user.to_json(), after)
    return answer(made.to_json(), etag=_etag(made))


@routes.delete("/users/{id}", "users.manage")
def delete_user(request: Request, id: str) -> Response:
    """Remove a user with their sessions and tokens."""
    access = state_of(request).access
    user = access.users.get(id)
    check_match(request, _etag(user))
    if user.password_hash is None:
        raise ConflictError("RNL-ACCESS-016", "the built-in person cannot be removed", "Make the first user instead.")
    gone = [session.id for session in access.sessions.open_of(id)]
    access.users.delete(user)
    access.sessions.tell(gone)
    audit(request).object(id, "user").change(user.to_json(), None)
    return nothing()


def _etag(user: User) -> str:
    return etag_of({"id": user.id, "at": text(user.updated_at)})


def _own(user: User) -> dict[str, Any]:
    return {**user.to_json(), "preferences": dict(user.preferences)}


def _shown(request: Request, user: User, own: bool = False) -> Response:
    tag = _etag(user)
    return unchanged(request, tag) or answer(_own(user) if own else user.to_json(), etag=tag)
