"""Every route of the application by every kind of caller and every way of writing its address."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route, request_response

from runnel.app.access.permissions import ONLY_ADMIN, PERMISSIONS, ROLES, roles_that
from runnel.server.application import create_app
from runnel.server.edge import Edge
from runnel.server.guarding import serve
from runnel.server.openapi import document
from runnel.server.routing import Routes, SecuredRoute, SecuredSocket, check_routes, discover
from runnel.server.rules import PUBLIC, PUBLIC_PATHS, Public
from runnel.telemetry.requests import RequestLog
from serving import Served, served


class Entered:
    """The application with its real routes and rules, whose handlers only note that they were entered."""

    def __init__(self, server: Served) -> None:
        self.server = server
        self.names: list[str] = []
        app = Starlette(routes=[self._noted(route) for route in server.app.routes])
        app.state.runnel, app.state.log = server.state, server.app.state.log
        self.app = Edge(app, server.state, RequestLog(server.log))

    def _noted(self, route: SecuredRoute) -> SecuredRoute:
        made = copy.copy(route)

        async def note(request) -> Response:
            self.names.append(f"{request.method} {route.path}")
            return Response("entered")

        async def guarded(request) -> Response:
            return await serve(route.rule, request, note)

        made.app = request_response(guarded)
        return made

    def by(self, method: str, target: str, headers: dict[str, str], **more) -> tuple[int, list[str]]:
        """Send a request; returns the status and which handlers were entered."""
        self.names.clear()
        status = self.server.call(method, target, headers=headers, app=self.app, **more).status
        return status, list(self.names)


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served() as made:
        yield made


def every_route(app) -> list[tuple[str, SecuredRoute]]:
    return [(method, route) for route in app.routes for method in sorted(route.methods or ())]


def address(route: SecuredRoute) -> str:
    return re.sub(r"\{[^}]+\}", "nothing", route.path)


def protected(server: Served) -> list[tuple[str, SecuredRoute]]:
    return [pair for pair in every_route(server.app) if not isinstance(pair[1].rule.permission, Public)]


def send(method: str) -> dict:
    return {} if method in ("GET", "HEAD") else {"json": {}}


def kind_of_body(route: SecuredRoute) -> dict:
    if route.rule.body in ("raw", "stream"):
        return {"body": b"{}"}
    return send(next(iter(route.methods)))


def with_type(route: SecuredRoute, headers: dict[str, str]) -> dict[str, str]:
    return {**headers, "content-type": route.rule.accepts[0]} if route.rule.body in ("raw", "stream") else headers


def callers(server: Served) -> dict[str, tuple[dict[str, str], frozenset[str], int]]:
    """Every kind of caller: headers, what they may, and the status of what they may not."""
    admin = server.person("root", "admin")
    editor, viewer = server.person("edi", "editor"), server.person("vic", "viewer")
    gone = server.person("gone", "admin")
    disabled = server.token(gone)
    server.state.access.users.change(gone, {"is_active": False})
    expired = server.token(admin, None, minutes=1)
    ended = server.cookie(admin)
    old = server.cookie(admin)
    server.clock.ahead(hours=25)
    now = server.cookie(admin)
    token, made = server.state.access.sessions.open(admin, "login", None, None)
    server.state.access.sessions.end(made.id, "test")
    revoked_token, row = server.state.access.tokens.create(admin, "revoked", None, None)
    server.state.access.tokens.revoke(row.id, None)
    share, _ = server.state.access.sharing.create(
        server.state.access.proving.by_cookie(now["cookie"].split("=", 1)[1]), "p", {"n": []}, "live", "t", 30, None
    )
    nothing: frozenset[str] = frozenset()
    return {
        "nobody": ({}, nothing, 401),
        "viewer": (server.cookie(viewer), ROLES["viewer"], 403),
        "editor": (server.cookie(editor), ROLES["editor"], 403),
        "admin": (now, ROLES["admin"], 403),
        "viewer's token": (server.token(viewer), ROLES["viewer"], 403),
        "admin's token for files": (server.token(admin, ["files.*"]), frozenset(p for p in PERMISSIONS if p.startswith("files.")), 403),
        "viewer's token for users": (server.token(viewer, ["users.manage", "audit.view"]), nothing, 403),
        "admin's token for nothing": (server.token(admin, []), nothing, 403),
        "expired token": (expired, nothing, 401),
        "revoked token": ({"authorization": f"Bearer {revoked_token}"}, nothing, 401),
        "disabled user's token": (disabled, nothing, 401),
        "ended session": ({"cookie": f"runnel_session={token}"}, nothing, 401),
        "idle session": (old, nothing, 401),
        "idle session too": (ended, nothing, 401),
        "share as token": ({"authorization": f"Bearer {share}"}, nothing, 401),
        "share as cookie": ({"cookie": f"runnel_session={share}"}, nothing, 401),
        "invented cookie": ({"cookie": "runnel_session=" + "A" * 43}, nothing, 401),
        "wrong token beside a good cookie": ({**now, "authorization": "Bearer rnl_" + "A" * 43}, nothing, 401),
        "basic": ({"authorization": "Basic cm9vdDpjb3JyZWN0IGhvcnNlIGJhdHRlcnk="}, nothing, 401),
        "empty bearer": ({"authorization": "Bearer "}, nothing, 401),
    }  # fmt: skip


@pytest.mark.row("M-003-449", "M-003-450", "M-003-451", "M-003-496", met_by="server/guarding.py")
@pytest.mark.row("M-001-28", "M-001-29", "M-003-261", "M-003-372", "M-003-379", "M-003-392", "M-003-422", "M-003-442",
                 "M-003-448", met_by="app/access/permissions.py")  # fmt: skip
def test_each_caller_enters_exactly_the_handlers_that_their_permissions_allow(server: Served) -> None:
    entered, wrong, cells = Entered(server), [], 0
    for name, (headers, allowed, refusal) in callers(server).items():
        for method, route in protected(server):
            server.clock.ahead(seconds=1)
            given = with_type(route, headers)
            status, names = entered.by(method, address(route), given, peer="192.0.2.7", **kind_of_body(route))
            expected = [f"{method} {route.path}"] if route.rule.permission in allowed else []
            cells += 1
            if names != expected or (not expected and status != refusal):
                wrong.append((name, method, route.path, status, names))
    assert not wrong
    assert cells == len(callers(server)) * len(protected(server))


VARIANTS = {
    "slash at the end": lambda path: path + "/",
    "two slashes before": lambda path: "/" + path,
    "two slashes inside": lambda path: path.replace("/", "//"),
    "a matrix parameter": lambda path: path + ";a=b",
    "a matrix step": lambda path: "/x/..;" + path,
    "a matrix step after": lambda path: path + "/..;/x",
    "dots": lambda path: "/x/.." + path,
    "dots packed": lambda path: "/x/%2e%2e" + path,
    "one dot": lambda path: "/." + path,
    "a packed slash": lambda path: path[0] + path[1:].replace("/", "%2f"),
    "a packed slash at the end": lambda path: path + "%2F",
    "packed twice": lambda path: path[0] + path[1:].replace("/", "%252f"),
    "capitals": lambda path: path.upper(),
    "a suffix": lambda path: path + ".json",
    "a suffix that others let through": lambda path: path + "/configs",
    "the name of a public page at the end": lambda path: path + "/healthz",
    "the public prefix": lambda path: "/healthz/.." + path,
    "a backslash": lambda path: path.replace("/", "\\"),
    "NUL": lambda path: path + "%00",
    "a letter packed": lambda path: path[:-1] + f"%{ord(path[-1]):02x}",
    "a space": lambda path: path + "%20",
    "a tab": lambda path: path + "%09",
    "a fraction slash": lambda path: path.replace("/", "\u2044".encode().decode("latin-1")),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_no_way_of_writing_an_address_reaches_a_handler_without_its_permission(server: Served, name: str) -> None:
    entered, wrong = Entered(server), []
    viewer = server.cookie(server.person("vic", "viewer"))
    for method, route in protected(server):
        server.clock.ahead(seconds=1)
        for who, headers, allowed in (("nobody", {}, frozenset()), ("viewer", viewer, ROLES["viewer"])):
            path = VARIANTS[name](address(route))
            status, names = entered.by(method, path, with_type(route, headers), peer="192.0.2.7", **kind_of_body(route))
            rules = {f"{m} {r.path}": r.rule.permission for m, r in every_route(server.app)}
            if any(not isinstance(rules[one], Public) and rules[one] not in allowed for one in names):
                wrong.append((who, method, path, status, names))
    assert not wrong


@pytest.mark.parametrize(
    "override", ["x-original-url", "x-rewrite-url", "x-http-method-override", "x-forwarded-prefix", "x-forwarded-for"]
)
def test_no_header_leads_around_a_permission(server: Served, override: str) -> None:
    entered, wrong = Entered(server), []
    for method, route in protected(server):
        server.clock.ahead(seconds=1)
        value = "GET" if "method" in override else "127.0.0.1" if override.endswith("for") else address(route)
        for path in (address(route), "/healthz"):
            _, names = entered.by(method, path, {override: value}, peer="192.0.2.7", **kind_of_body(route))
            if any("/api/" in one for one in names):
                wrong.append((method, path, names))
    assert not wrong


def test_a_caller_without_the_permission_is_refused_before_the_body_is_read(server: Served) -> None:
    viewer = server.cookie(server.person("vic", "viewer"))
    huge = {**viewer, "content-type": "application/json", "content-length": str(10**12)}
    assert server.call("POST", "/api/v1/users", headers=huge, body=b"{").status == 403
    assert server.call("POST", "/api/v1/users", headers={"content-length": str(10**12)}, body=b"{").status == 401


def test_only_the_listed_routes_are_public(server: Served) -> None:
    public = {route.path for route in server.app.routes if isinstance(route.rule.permission, Public)}
    assert public <= PUBLIC_PATHS
    assert {"/api/v1/auth/login", "/healthz", "/share/{id}/data"} <= public


def test_every_discovered_route_is_served_behind_its_rule(server: Served) -> None:
    assert all(isinstance(route, SecuredRoute | SecuredSocket) for route in server.app.routes)
    assert {id(route) for route in discover()} <= {id(route) for route in server.app.routes}


@pytest.mark.parametrize(
    "route",
    [
        Route("/api/v1/open", lambda request: Response()),
        Mount("/mounted", app=Starlette(routes=[Route("/x", lambda request: Response())])),
    ],
)
def test_a_route_without_a_permission_fails_the_start(server: Served, route) -> None:
    with pytest.raises(ValueError, match="carries no permission"):
        check_routes([*server.app.routes, route])


def test_a_public_route_off_the_list_fails_as_it_is_declared() -> None:
    with pytest.raises(ValueError, match="list of public routes"):
        Routes("sneaky").get("/sneaky", PUBLIC)(lambda: None)


def test_a_route_with_an_unknown_permission_fails_as_it_is_declared() -> None:
    with pytest.raises(ValueError, match="no permission"):
        Routes("sneaky").get("/sneaky", "pipelines.veiw")(lambda: None)


def test_the_same_route_twice_fails_the_start(server: Served) -> None:
    with pytest.raises(ValueError, match="stands twice"):
        check_routes([*server.app.routes, server.app.routes[0]])


def test_operation_ids_are_unique_and_stable(server: Served) -> None:
    made = document(create_app(server.state, RequestLog(server.log)))
    ids = [one["operationId"] for path in made["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids))
    assert "auth_login" in ids and "users_create_user" in ids and "runs_execute" in ids


def test_the_description_names_the_permission_of_every_operation(server: Served) -> None:
    made = document(create_app(server.state, RequestLog(server.log)))
    for path, operations in made["paths"].items():
        for method, one in operations.items():
            assert one["x-permission"] == "anybody" or one["x-permission"] in PERMISSIONS, (method, path)
            assert (one["security"] == []) == (one["x-permission"] == "anybody"), (method, path)


def test_a_denied_caller_learns_which_roles_can_help(server: Served) -> None:
    answer = server.call("GET", "/api/v1/users", headers=server.cookie(server.person("vic", "viewer")))
    assert answer.status == 403
    assert answer.json["permission"] == "users.view" and answer.json["roles"] == roles_that("users.view") == ["admin"]


def test_the_editor_may_all_but_what_is_for_admins() -> None:
    assert ROLES["admin"] - ROLES["editor"] == ONLY_ADMIN
    assert ROLES["viewer"] < ROLES["editor"] < ROLES["admin"]
