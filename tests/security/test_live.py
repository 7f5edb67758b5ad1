"""The WebSocket under attack: whose page opens it, what proves the caller, and that it ends with the session."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import WebSocketRoute
from websockets.exceptions import InvalidStatus

from runnel.server.routing import Routes, SecuredSocket, check_routes, discover
from runnel.server.rules import PUBLIC, Rule
from serving import Served, served

_SPEC = importlib.util.spec_from_file_location(
    "live_sockets", Path(__file__).parents[1] / "integration" / "server" / "test_live.py"
)
assert _SPEC is not None and _SPEC.loader is not None
sockets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(sockets)


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as made:
        made.person("ada", "admin")
        yield made


def status_of(url: str, headers: dict[str, str]) -> int:
    """Return with which status a socket is refused; 101 when it opens."""
    try:
        with sockets.opened(url, headers) as socket:
            return 101 if sockets.heard(socket)["type"] == "welcome" else 0
    except InvalidStatus as error:
        return error.response.status_code


def cookie(server: Served) -> dict[str, str]:
    return {"cookie": server.cookie(server.people["ada"])["cookie"]}


def test_a_session_counts_only_from_our_own_pages(server: Served) -> None:
    with sockets.listening(server) as url:
        own = url.replace("ws://", "http://").replace("/api/v1/live", "")
        assert status_of(url, {**cookie(server), "origin": own}) == 101
        for origin in (
            "https://evil.example", own + ".evil.example", own + "/", "null", "", own.replace("http", "https"),
            "http://127.0.0.1", f"{own}, https://evil.example",
        ):  # fmt: skip
            assert status_of(url, {**cookie(server), "origin": origin}) == 403, origin
        assert status_of(url, cookie(server)) == 403
        assert status_of(url, {**cookie(server), "origin": own, "sec-fetch-site": "cross-site"}) == 403


def test_a_token_does_not_open_it_for_another_site_either(server: Served) -> None:
    with sockets.listening(server) as url:
        token = server.token(server.people["ada"])
        assert status_of(url, token) == 101
        assert status_of(url, {**token, "origin": "https://evil.example"}) == 403


def test_a_token_in_the_address_opens_nothing(server: Served) -> None:
    token = server.token(server.people["ada"])["authorization"].split()[1]
    with sockets.listening(server) as url:
        for query in (f"token={token}", f"access_token={token}", "x=1"):
            assert status_of(f"{url}?{query}", {}) == 400
            assert status_of(f"{url}?{query}", server.token(server.people["ada"])) == 400


def test_wrong_ended_and_narrow_proofs_open_nothing(server: Served) -> None:
    with sockets.listening(server) as url:
        own = url.replace("ws://", "http://").replace("/api/v1/live", "")
        assert status_of(url, {"authorization": "Bearer rnl_wrong"}) == 401
        assert status_of(url, {"cookie": f"{server.state.cookie}=wrong", "origin": own}) == 401
        assert status_of(url, server.token(server.people["ada"], ["files.view"])) == 403
        known = cookie(server)
        server.state.access.sessions.end(server.state.access.sessions.open_of(server.people["ada"].id)[0].id, "test")
        assert status_of(url, {**known, "origin": own}) == 401


def test_it_ends_within_five_seconds_when_session_token_user_or_role_ends(server: Served) -> None:
    vic, access = server.person("vic", "viewer"), server.state.access
    token, row = access.tokens.create(vic, "t", None, None)

    def end_session() -> None:
        access.sessions.end(access.sessions.open_of(vic.id)[0].id, "test")

    def revoke() -> None:
        access.tokens.revoke(row.id, None)

    def promote() -> None:
        server.state.store.users.change(vic.id, role="editor")

    with sockets.listening(server) as url:
        own = url.replace("ws://", "http://").replace("/api/v1/live", "")
        ways: list[tuple[dict[str, str], Any]] = [
            ({"cookie": server.cookie(vic)["cookie"], "origin": own}, end_session),
            ({"authorization": f"Bearer {token}"}, revoke),
            (server.token(vic), promote),
        ]
        for headers, end in ways:
            with sockets.opened(url, headers) as socket:
                sockets.taken(socket, "streams")
                end()
                began = time.monotonic()
                assert sockets.closed_with(socket) == 4401
                assert time.monotonic() - began < 5


def test_sockets_that_prove_nothing_are_few(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets.live_entering, "MOST_UNPROVEN", 2)
    with sockets.listening(server) as url, sockets.opened(url), sockets.opened(url):
        with pytest.raises(InvalidStatus) as caught, sockets.opened(url):
            pass
        assert caught.value.response.status_code == 429


def test_every_socket_carries_a_rule_and_none_is_open_to_anybody(server: Served) -> None:
    found = [route for route in server.app.routes if isinstance(route, WebSocketRoute)]
    assert found and all(isinstance(route, SecuredSocket) for route in found)
    assert [route.path for route in found] == [route.path for route in discover() if isinstance(route, SecuredSocket)]

    async def handler(*_: Any) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="carries no permission"):
        check_routes([*found, WebSocketRoute("/api/v1/other", handler)])
    routes = Routes("other")
    routes.socket("/other", "streams.view")(handler)
    check_routes(routes.sockets)
    with pytest.raises(ValueError, match="twice"):
        check_routes([*routes.sockets, *routes.sockets])
    with pytest.raises(ValueError, match="no permission"):
        routes.socket("/third", "no.such")(handler)
    with pytest.raises(ValueError, match=r"public|anybody"):
        check_routes([SecuredSocket("/healthz", handler, rule=Rule(PUBLIC, "other"))])


def test_the_log_holds_no_message_of_a_socket(server: Served) -> None:
    token = server.token(server.people["ada"])["authorization"].split()[1]
    with sockets.listening(server) as url, sockets.opened(url) as socket:
        sockets.say(socket, type="hello", token=token)
        sockets.taken(socket, "users")
    log = server.log.getvalue()
    assert b'"event":"socket"' in log and token.encode() not in log
