"""Logging in and out: sessions of browsers, access and refresh tokens of API clients, the first user, registration."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import parse_qs

from anyio import to_thread
from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from runnel.app.access.access_tokens import LIFETIME
from runnel.app.access.permissions import PERMISSIONS, role_permissions, roles_that
from runnel.app.access.principals import Principal
from runnel.app.access.sessions import csrf_of
from runnel.app.access.users import Profile
from runnel.server.addresses import peer
from runnel.server.answers import answer, nothing, paged
from runnel.server.authenticating import by_cookie, is_same_origin
from runnel.server.bodies import Body, media_type, read_json
from runnel.server.cookies import clear_session, set_session
from runnel.server.guarding import audit, principal, state_of
from runnel.server.problems import HttpError
from runnel.server.routing import Routes
from runnel.server.rules import PUBLIC
from runnel.store.sessions import Session
from runnel.store.users import User

routes = Routes("auth")
FORM = "application/x-www-form-urlencoded"
BOTH = ("application/json", FORM)


class Credentials(Body):
    """What a login brings; a form has the fields of OAuth 2.0."""

    grant_type: str = "password"
    username: str = Field(default="", max_length=200)
    password: str = Field(default="", max_length=1024)
    refresh_token: str = Field(default="", max_length=200)
    scope: str = ""


class NewPassword(Body):
    """A new password, with the present one as proof."""

    current: str = Field(max_length=1024)
    new: str = Field(max_length=1024)


class Setup(Body):
    """The first user, with the token of the setup link."""

    token: str = Field(min_length=1, max_length=200)
    username: str = Field(min_length=1, max_length=200)
    password: str = Field(max_length=1024)


class Registration(Body):
    """A new user who registers, with an invitation where registration is closed."""

    username: str = Field(min_length=1, max_length=200)
    password: str = Field(max_length=1024)
    email: str | None = Field(default=None, max_length=320)
    first_name: str = ""
    last_name: str = ""
    invitation: str | None = Field(default=None, max_length=200)


@routes.post("/auth/login", PUBLIC, body="raw", accepts=BOTH, most_bytes=16_384, secret_answer=True, failures_too=True)
async def login(request: Request) -> Response:
    """Log in: a browser gets its session, an API client an access token and a refresh token."""
    given = _credentials(await request.body(), media_type(request))
    if given.grant_type == "refresh_token":
        return await _refresh(request, given.refresh_token)
    if given.grant_type != "password":
        raise HttpError(422, f"`{given.grant_type[:40]}` is no grant type", "Use password or refresh_token.")
    user = await _verified(request, given)
    if is_same_origin(request, state_of(request)) and media_type(request) != FORM:
        return await _browser_session(request, user)
    return await _api_session(request, user)


@routes.get("/auth/session", "profile.own")
async def session(request: Request) -> Response:
    """Say who is logged in, with permissions and the token for changes."""
    return answer(await _described(request, principal(request), request.cookies.get(state_of(request).cookie, "")))


@routes.post("/auth/logout", "profile.own")
async def logout(request: Request) -> Response:
    """End the session of this request."""
    who = principal(request)
    if who.session_id is None:
        raise HttpError(422, "an API token has no session", "Revoke the token instead.")
    await to_thread.run_sync(state_of(request).access.sessions.end, who.session_id, "logged out")
    audit(request).object(who.session_id, "session")
    response = nothing()
    clear_session(request, response)
    return response


@routes.get("/auth/sessions", "profile.own")
def list_sessions(request: Request, user: str = "", cursor: str | None = None, limit: int = 100) -> Response:
    """List the open sessions of oneself, or with `user=all` of everybody."""
    who = principal(request)
    owner: str | None = who.user_id
    if user and user != who.user_id:
        if not who.may("users.manage"):
            raise HttpError(403, "other people's sessions are for admins", code="RNL-ACCESS-403")
        owner = None if user == "all" else user
    found = state_of(request).access.sessions.open_of(owner)
    items = [{**item.to_json(), "current": item.id == who.session_id} for item in found]
    return paged(items, cursor, limit)


@routes.delete("/auth/sessions/{id}", "profile.own")
def end_session(request: Request, id: str) -> Response:
    """End a session: one's own, or as an admin anybody's."""
    who = principal(request)
    owner = None if who.may("users.manage") else who.user_id
    state_of(request).access.sessions.end_of(id, owner, f"ended by {who.name}")
    audit(request).object(id, "session")
    return nothing()


@routes.post("/auth/password", "profile.own", failures_too=True)
def change_password(request: Request, body: NewPassword) -> Response:
    """Change one's own password; every other session ends."""
    who, access = principal(request), state_of(request).access
    user = access.users.get(who.user_id)
    if user.password_hash is None:
        raise HttpError(422, "the built-in person has no password", "Make a user first: that sets one.")
    if who.kind == "token":
        raise HttpError(
            403, "an API token cannot change a password", "Log in with the password.", code="RNL-ACCESS-403"
        )
    state_of(request).throttle.guess(user.username, peer(request))
    if access.users.verify(user.username, body.current) is None:
        raise HttpError(403, "the present password is another one", "", where={"field": "current"})
    state_of(request).throttle.guessed(user.username, peer(request))
    access.users.set_password(user, body.new)
    access.sessions.end_all("the password was changed", user_id=user.id, but=who.session_id)
    audit(request).object(user.id, "user").change(None, {"password": "changed"})
    return nothing()


@routes.post("/auth/setup", PUBLIC, secret_answer=True, failures_too=True, most_bytes=16_384)
async def setup(request: Request, body: Setup) -> Response:
    """Make the first user with the token that the console printed."""
    state = state_of(request)
    access = state.access
    caller = f"setup from {peer(request)}"
    state.throttle.guess(caller, peer(request))
    if not access.links.is_setup(body.token):
        what = "this setup link is used up, too old, or none of this server"
        raise HttpError(403, what, "`runnel link` on the server's console prints a new one.", code="RNL-ACCESS-014")
    make_first = partial(access.users.create, body.username, body.password, "admin", only_first=True)
    user = await to_thread.run_sync(make_first)
    state.throttle.guessed(caller, peer(request))
    audit(request).object(user.id, "user").change(None, {"username": user.username, "role": user.role})
    if is_same_origin(request, state):
        return await _browser_session(request, user, 201)
    return answer({"user": user.to_json()}, 201)


@routes.post("/auth/register", PUBLIC, secret_answer=True, failures_too=True, most_bytes=16_384)
async def register(request: Request, body: Registration) -> Response:
    """Register: open when an admin opened it, or with an invitation; the role is the invitation's, else viewer."""
    state = state_of(request)
    access = state.access
    state.throttle.guess(f"register from {peer(request)}", peer(request))
    if await to_thread.run_sync(lambda: access.users.mode) != "users":
        raise HttpError(
            403, "registration is closed", "The first user is made with the printed link.", code="RNL-ACCESS-015"
        )
    profile = Profile(body.first_name, body.last_name, body.email)

    def make(role: str) -> User:
        return access.users.create(body.username, body.password, role, profile)

    user: User | None = None
    if body.invitation:
        user = await to_thread.run_sync(access.tokens.invited, body.invitation, make)
    elif await to_thread.run_sync(access.stored_setting, "registration", "closed") == "open":
        user = await to_thread.run_sync(make, "viewer")
    if user is None:
        what = "registration is closed" if not body.invitation else "this invitation is used up or too old"
        raise HttpError(403, what, "Ask an admin for an invitation.", code="RNL-ACCESS-015")
    audit(request).object(user.id, "user").change(None, {"username": user.username, "role": user.role})
    return answer({"user": user.to_json()}, 201)


def _credentials(body: bytes, kind: str) -> Credentials:
    """Read a login of either kind; only texts count, each once."""
    try:
        if kind != FORM:
            return Credentials.model_validate(read_json(body))
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=10)
        if any(len(values) != 1 for values in fields.values()):
            raise ValueError
        known = {name: values[0] for name, values in fields.items() if name not in ("client_id", "client_secret")}
        return Credentials.model_validate(known)
    except (ValidationError, ValueError) as error:
        raise HttpError(422, "a login has `username` and `password`", "", where={"field": "username"}) from error


async def _verified(request: Request, given: Credentials) -> User:
    state = state_of(request)
    state.throttle.guess(given.username, peer(request))
    user = await to_thread.run_sync(state.access.users.verify, given.username, given.password)
    audit(request).object(given.username[:100], "user")
    if user is None:
        raise HttpError(401, "the name or the password is wrong", "", code="RNL-ACCESS-401")
    state.throttle.guessed(given.username, peer(request))
    return user


async def _open(request: Request, user: User, kind: str) -> tuple[str, Session]:
    sessions, agent = state_of(request).access.sessions, request.headers.get("user-agent")
    token, made = await to_thread.run_sync(sessions.open, user, kind, peer(request), agent)
    audit(request).object(made.id, "session").who = _as_principal(user, made)
    return token, made


async def _browser_session(request: Request, user: User, status: int = 200) -> Response:
    token, made = await _open(request, user, "login")
    response = answer(await _described(request, _as_principal(user, made), token), status)
    set_session(request, response, token)
    return response


async def _api_session(request: Request, user: User) -> Response:
    refresh, made = await _open(request, user, "api")
    return _tokens(request, user.id, made.id, refresh)


async def _refresh(request: Request, token: str) -> Response:
    state = state_of(request)
    found = await to_thread.run_sync(state.access.sessions.refresh, token) if token else None
    user = await to_thread.run_sync(state.store.users.get, found[1].user_id) if found else None
    if found is None or user is None or not user.is_active:
        state.throttle.bad_proof(peer(request))
        raise HttpError(401, "the refresh token is used up or none of ours", "Log in again.", code="RNL-ACCESS-401")
    audit(request).object(found[1].id, "session").who = _as_principal(user, found[1])
    return _tokens(request, user.id, found[1].id, found[0])


def _tokens(request: Request, user_id: str, session_id: str, refresh: str) -> Response:
    access = state_of(request).access.access_tokens.issue(user_id, session_id)
    seconds = int(LIFETIME.total_seconds())
    body = {"access_token": access, "token_type": "bearer", "expires_in": seconds, "refresh_token": refresh}
    return answer(body, headers={"Pragma": "no-cache"})


def _as_principal(user: User, session: Session) -> Principal:
    return Principal("user", user.id, user.username, user.role, role_permissions(user.role), session_id=session.id)


async def _described(request: Request, who: Principal, token: str) -> dict[str, Any]:
    state = state_of(request)
    user = await to_thread.run_sync(state.access.users.get, who.user_id)
    mode = await to_thread.run_sync(lambda: state.access.users.mode)
    shown = {"id": user.id, "username": user.username, "first_name": user.first_name, "last_name": user.last_name}
    shown |= {"email": user.email, "role": user.role, "timezone": user.timezone, "preferences": dict(user.preferences)}
    admins = await to_thread.run_sync(state.access.users.admins)
    from_cookie = token and who.session_id is not None and (by_cookie(request, who) or who.kind == "user")
    return {
        "user": shown, "permissions": sorted(who.permissions), "csrf": csrf_of(token) if from_cookie else None,
        "mode": mode, "roles_that": {name: roles_that(name) for name in PERMISSIONS}, "session_id": who.session_id,
        "admins": admins,
    }  # fmt: skip
