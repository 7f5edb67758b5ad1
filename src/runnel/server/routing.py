"""Routes that carry their permission: declared per resource, found by walking the package, refused without a rule."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from runnel.server.guarding import serve
from runnel.server.live_entering import SocketEndpoint, serve_socket
from runnel.server.rules import PUBLIC, Public, Rule
from runnel.server.telling import tell

API = "/api/v1"
Endpoint = Callable[..., Any]


class SecuredRoute(APIRoute):
    """A route with its rule; the handler can be reached through the rule alone."""

    rule: Rule

    def __init__(self, path: str, endpoint: Endpoint, *, rule: Rule, **options: Any) -> None:
        self.rule = rule
        super().__init__(path, endpoint, **options)
        if self.body_field is not None:
            self.rule = replace(rule, body="json")
        self.rule.check(path)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler behind its rule."""
        inner = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            response = await serve(self.rule, request, inner)
            tell(self.rule, request, response)
            return response

        return guarded


class SecuredSocket(WebSocketRoute):
    """A WebSocket with its rule, which says what a caller must be permitted before their first message is heard."""

    rule: Rule
    methods: frozenset[str] = frozenset()

    def __init__(self, path: str, endpoint: SocketEndpoint, *, rule: Rule) -> None:
        self.rule = rule
        rule.check(path)

        async def guarded(socket: WebSocket) -> None:
            await serve_socket(rule, socket, endpoint)

        super().__init__(path, guarded, name=rule.resource)


class Routes:
    """The routes of one resource. A change (`post`, `put`, `patch`, `delete`) is audited; `query` is a POST that reads."""

    def __init__(self, resource: str, prefix: str = API) -> None:
        self.resource = resource
        self.prefix = prefix
        self.routes: list[SecuredRoute] = []
        self.sockets: list[SecuredSocket] = []

    def get(self, path: str, permission: str | Public, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a route that reads."""
        return self._add(("GET",), path, permission, None, options)

    def query(self, path: str, permission: str | Public, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a POST that reads: its question is too long for an address."""
        return self._add(("POST",), path, permission, None, options)

    def post(self, path: str, permission: str | Public, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a route that makes or does something; takes an `Idempotency-Key`."""
        return self._add(("POST",), path, permission, "", options)

    def put(self, path: str, permission: str | Public, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a route that replaces something."""
        return self._add(("PUT",), path, permission, "", options)

    def patch(self, path: str, permission: str | Public, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a route that changes something."""
        return self._add(("PATCH",), path, permission, "", options)

    def delete(self, path: str, permission: str | Public, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a route that removes something."""
        return self._add(("DELETE",), path, permission, "", options)

    def socket(self, path: str, permission: str) -> Callable[[SocketEndpoint], SocketEndpoint]:
        """Declare a WebSocket; its handler gets the accepted socket and who stands at its other end."""

        def declare(endpoint: SocketEndpoint) -> SocketEndpoint:
            self.sockets.append(SecuredSocket(self.prefix + path, endpoint, rule=Rule(permission, self.resource)))
            return endpoint

        return declare

    def _add(
        self, methods: Sequence[str], path: str, permission: str | Public, action: str | None, options: dict[str, Any]
    ) -> Callable[[Endpoint], Endpoint]:
        named = {name: options.pop(name) for name in list(options) if name in Rule.__dataclass_fields__}
        action = named.pop("action", action)
        methods = options.pop("methods", methods)

        def declare(endpoint: Endpoint) -> Endpoint:
            name = endpoint.__name__
            rule = Rule(permission, self.resource, f"{self.resource}.{name}" if action == "" else action, **named)
            if rule.object_from is None and "{" in path:
                rule = replace(rule, object_from=path.split("{", 1)[1].split("}")[0].split(":")[0])
            words = "anybody" if permission is PUBLIC else permission
            self._name_aliases(endpoint)
            for method in methods:
                kept = {**options, "include_in_schema": False} if method == "HEAD" else options
                self.routes.append(SecuredRoute(
                    self.prefix + path, endpoint, rule=rule, methods=[method], name=name, tags=[self.resource],
                    operation_id=f"{self.resource}_{name}", response_model=None, response_class=JSONResponse,
                    openapi_extra={"x-permission": words}, **kept,
                ))  # fmt: skip
            return endpoint

        return declare

    def _name_aliases(self, endpoint: Endpoint) -> None:
        """Give other addresses of the same handler ids of their own; the one declared last (on top) is the first name."""
        others = [route for route in self.routes if route.endpoint is endpoint]
        for number, route in enumerate(reversed(others), 2):
            route.operation_id = route.unique_id = f"{self.resource}_{endpoint.__name__}_{number}"


def discover() -> list[SecuredRoute | SecuredSocket]:
    """Return the routes and sockets of every module of `runnel.server.routes`; each holds them as `routes`."""
    from runnel.server import routes as package

    found: list[SecuredRoute | SecuredSocket] = []
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
        declared = importlib.import_module(f"{package.__name__}.{module.name}").routes
        found += [*declared.routes, *declared.sockets]
    return found


def check_routes(routes: Iterable[BaseRoute]) -> None:
    """Raise ValueError when a route or socket carries no rule, stands twice, or hides others behind it (mounts).

    A socket is never open to anybody: what is heard through it depends on who hears it.
    """
    seen: set[tuple[str, str]] = set()
    for route in routes:
        if not isinstance(route, SecuredRoute | SecuredSocket):
            raise ValueError(f"{getattr(route, 'path', route)} carries no permission")
        route.rule.check(route.path)
        if isinstance(route, SecuredSocket) and isinstance(route.rule.permission, Public):
            raise ValueError(f"the socket {route.path} is open to anybody")
        for method in sorted(route.methods or ()) if isinstance(route, SecuredRoute) else ("WEBSOCKET",):
            if (method, route.path) in seen:
                raise ValueError(f"{method} {route.path} stands twice")
            seen.add((method, route.path))
