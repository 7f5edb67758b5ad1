"""Requests of other kinds than asked for: bodies, content types, sites, sizes; and the headers of every answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from runnel.app.access.sessions import csrf_of
from runnel.server.edge import CSP
from runnel.server.routing import SecuredRoute
from runnel.server.rules import Public
from serving import PASSWORD, Served, served

USERS, LOGIN = "/api/v1/users", "/api/v1/auth/login"


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served() as made:
        made.person("ada", "admin")
        yield made


@pytest.fixture
def admin(server: Served) -> dict[str, str]:
    server.clock.ahead(seconds=1)
    return server.token(server.people["ada"])


def address(route: SecuredRoute) -> str:
    return re.sub(r"\{[^}]+\}", "nothing", route.path)


def changing(server: Served) -> list[tuple[str, SecuredRoute]]:
    unsafe = {"POST", "PUT", "PATCH", "DELETE"}
    return [(method, route) for route in server.app.routes for method in sorted(unsafe & set(route.methods or ()))]


ORIGINS = [
    "https://evil.example", "http://evil.example:8377", "null", "http://127.0.0.1", "http://127.0.0.1:8378",
    "http://localhost:8377", "http://127.0.0.1:8377.evil.example", "http://127.0.0.1:8377@evil.example",
    "http://evil.example/127.0.0.1:8377", "http://evil.example#127.0.0.1:8377", "file://", "data:text/html,x", "",
    "http://127.0.0.1:8377/", "http://user@127.0.0.1:8377", "ws://127.0.0.1:8377", "http://[::1]:8377", "HTTP://EVIL.EXAMPLE",
    "http://127.1:8377", "http://0.0.0.0:8377", "chrome-extension://abcdef",
]  # fmt: skip


@pytest.mark.row("M-003-509", met_by="server/authenticating.py")
@pytest.mark.parametrize("origin", ORIGINS)
def test_no_other_site_changes_anything_with_a_cookie(server: Served, origin: str) -> None:
    browser = server.cookie(server.people["ada"])
    let_in = []
    for method, route in changing(server):
        server.clock.ahead(seconds=1)
        answer = server.call(method, address(route), headers={**browser, "origin": origin}, json={})
        if answer.status != 403:
            let_in.append((method, route.path, answer.status))
    assert not let_in


@pytest.mark.parametrize("site", ["cross-site", "same-site", "evil"])
def test_what_the_browser_says_of_the_site_counts(server: Served, site: str) -> None:
    browser = server.cookie(server.people["ada"])
    let_in = [
        (method, route.path)
        for method, route in changing(server)
        if server.call(method, address(route), headers={**browser, "sec-fetch-site": site}, json={}).status != 403
    ]
    assert not let_in


@pytest.mark.parametrize("token", [None, "", "x", "another session's"])
def test_every_change_by_cookie_asks_for_the_token_of_its_session(server: Served, token: str | None) -> None:
    browser = server.cookie(server.people["ada"])
    other = server.cookie(server.people["ada"])["x-csrf-token"]
    del browser["x-csrf-token"]
    if token is not None:
        browser["x-csrf-token"] = other if token.startswith("another") else token
    let_in, asked = [], 0
    for method, route in changing(server):
        if isinstance(route.rule.permission, Public) or route.rule.action is None:
            continue
        asked += 1
        server.clock.ahead(seconds=1)
        answer = server.call(method, address(route), headers=browser, json={})
        if answer.status != 403 or answer.json["code"] != "RNL-HTTP-403-CSRF":
            let_in.append((method, route.path, answer.status))
    assert not let_in and asked > 20


def test_no_answer_gives_another_site_leave_to_read_it(server: Served, admin: dict[str, str]) -> None:
    for route in server.app.routes:
        for method in ("GET", "OPTIONS", "POST"):
            headers = {**admin, "origin": "https://evil.example", "access-control-request-method": "POST"}
            answer = server.call(method, address(route), headers=headers)
            assert not [name for name, _ in answer.headers if name.startswith("access-control-")], (method, route.path)


@pytest.mark.row("M-003-511", "M-003-508", met_by="server/edge.py")
def test_every_answer_of_every_route_carries_the_headers(server: Served, admin: dict[str, str]) -> None:
    missing, answers = [], 0
    for route in server.app.routes:
        for method in ("GET", "HEAD", "POST", "OPTIONS", "TRACE"):
            for headers in ({}, admin):
                server.clock.ahead(seconds=1)
                answer = server.call(method, address(route), headers=headers)
                answers += 1
                expected = {
                    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY",
                    "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
                }  # fmt: skip
                for name, value in expected.items():
                    if answer.header(name) != value:
                        missing.append((method, route.path, name))
                csp = answer.header("content-security-policy") or ""
                if "unsafe" in csp or "default-src 'none'" not in csp or "frame-ancestors 'none'" not in csp:
                    missing.append((method, route.path, csp))
    assert not missing and answers > 500


def test_the_headers_stand_on_refusals_and_faults_too(server: Served) -> None:
    for target in ("/nothing/..;/x", "/api/v1/nothing", "/%00", "/" + "a" * 9000):
        answer = server.call("GET", target)
        assert answer.status in (404, 414) and answer.header("content-security-policy") == CSP
        assert answer.header("content-type") == "application/problem+json"


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "application/jsonx",
     "application/merge-patch+json", "application/json; charset=utf-16", "application/yaml", "", "application/json, text/plain"],
)  # fmt: skip
def test_a_route_of_json_takes_no_other_kind_of_body(server: Served, admin: dict[str, str], kind: str) -> None:
    answer = server.call(
        "POST", USERS, headers={**admin, "content-type": kind}, body=b'{"username":"x","password":"12345678x"}'
    )
    assert answer.status == 415 and answer.json["code"] == "RNL-HTTP-415"


def test_every_route_with_a_body_refuses_kinds_that_it_does_not_declare(server: Served, admin: dict[str, str]) -> None:
    wrong = []
    for method, route in changing(server):
        if route.rule.body == "none":
            continue
        server.clock.ahead(seconds=1)
        for kind in (
            "multipart/form-data; boundary=x",
            "text/plain",
            "application/x-www-form-urlencoded",
            "image/svg+xml",
        ):
            if kind in route.rule.accepts:
                continue
            answer = server.call(method, address(route), headers={**admin, "content-type": kind}, body=b"--x\r\n")
            if answer.status not in (415, 422, 404):
                wrong.append((method, route.path, kind, answer.status))
    assert not wrong


def test_a_packed_body_is_refused(server: Served, admin: dict[str, str]) -> None:
    headers = {**admin, "content-type": "application/json", "content-encoding": "gzip"}
    assert server.call("POST", USERS, headers=headers, body=b"\x1f\x8b").status == 415


BAD_JSON = [
    b"{", b"[", b"{}x", b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b"{'a':1}", b"\xff\xfe{}", b'{"a":"\\ud800"}',
    b'{"a":"\\uDFFF\\uD800"}', b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000, b'{"a":' + b"9" * 10_000 + b"}",
    b'{"a":"\x01"}', b"\xef\xbb\xbf{}", b"true false", b"{\"a\":1,}", b"//x\n{}",
]  # fmt: skip


@pytest.mark.parametrize("body", BAD_JSON)
def test_json_that_is_none_is_a_problem_and_no_fault(server: Served, admin: dict[str, str], body: bytes) -> None:
    answer = server.call("POST", USERS, headers={**admin, "content-type": "application/json"}, body=body)
    assert answer.status == 422 and answer.header("content-type") == "application/problem+json"


@pytest.mark.parametrize("value", [[], "x", 1, True, {"username": ["ada"]}, {"username": {"$gt": ""}, "password": PASSWORD},
                                   {"username": "eve", "password": PASSWORD, "is_admin": True}, {"__proto__": {}, "constructor": 1}])  # fmt: skip
def test_a_body_of_another_form_is_refused_and_not_repeated(
    server: Served, admin: dict[str, str], value: object
) -> None:
    answer = server.call("POST", USERS, headers=admin, json=value)
    assert answer.status == 422 and PASSWORD.encode() not in answer.body


def test_every_body_refuses_fields_that_it_does_not_know(server: Served) -> None:
    from fastapi.routing import APIRoute
    from pydantic import BaseModel

    loose = []
    for route in server.app.routes:
        if isinstance(route, APIRoute) and route.body_field is not None:
            model = route.body_field.field_info.annotation
            if isinstance(model, type) and issubclass(model, BaseModel) and model.model_config.get("extra") != "forbid":
                loose.append((route.path, model.__name__))
    assert not loose


def test_a_body_that_is_too_large_is_refused_by_what_it_says_and_by_what_comes(
    server: Served, admin: dict[str, str]
) -> None:
    json = {**admin, "content-type": "application/json"}
    assert server.call("POST", USERS, headers={**json, "content-length": "999999999999"}, body=b"{}").status == 413
    assert server.call("POST", USERS, headers=json, body=b'"' + b"x" * (9 * 1024 * 1024) + b'"').status == 413
    login = server.call("POST", LOGIN, headers={"content-type": "application/json"}, body=b'"' + b"x" * 20_000 + b'"')
    assert login.status == 413


@pytest.mark.parametrize("length", ["-1", "1e9", "0x10", "99999999999999999999999", "+5", "a"])
def test_a_length_that_is_none_is_no_fault(server: Served, admin: dict[str, str], length: str) -> None:
    headers = {**admin, "content-type": "application/json", "content-length": length}
    assert server.call("POST", USERS, headers=headers, body=b"{}").status in (413, 422)


def test_a_fault_tells_its_id_and_nothing_else(server: Served, admin: dict[str, str], monkeypatch) -> None:
    def broken(*given: object) -> None:
        raise RuntimeError("/secret/place swordfish")

    monkeypatch.setattr(server.state.access.users.store, "list", broken)
    answer = server.call("GET", USERS, headers=admin)
    assert answer.status == 500 and b"swordfish" not in answer.body and b"Traceback" not in answer.body
    assert answer.json["request_id"].encode() in server.log.getvalue()
    assert b"swordfish" in server.log.getvalue()


def test_too_many_requests_of_one_caller_are_told_to_wait_and_others_are_served(server: Served) -> None:
    from runnel.app.access.throttle import Throttle

    before, server.state.throttle = server.state.throttle, Throttle(20, 60, clock=lambda: server.clock().timestamp())
    try:
        ada, vic = server.token(server.people["ada"]), server.token(server.person("vic", "viewer"))
        statuses = [server.call("GET", "/api/v1/auth/session", headers=ada).status for _ in range(50)]
        assert statuses.count(200) == 20 and statuses.count(429) == 30
        waits = server.call("GET", "/api/v1/auth/session", headers={**ada, "x-forwarded-for": "203.0.113.9"})
        assert waits.status == 429 and int(waits.header("retry-after") or 0) >= 1
        assert server.call("GET", "/api/v1/auth/session", headers=vic).status == 200
        server.clock.ahead(seconds=2)
        assert server.call("GET", "/api/v1/auth/session", headers=ada).status == 200
    finally:
        server.state.throttle = before


def test_the_token_for_changes_belongs_to_one_session() -> None:
    assert csrf_of("a") != csrf_of("b")


def test_an_origin_that_is_our_own_is_let_in(server: Served) -> None:
    browser = server.cookie(server.people["ada"])
    assert server.call("PATCH", "/api/v1/users/me", headers=browser, json={"first_name": "Ada"}).status == 200


def test_the_public_address_behind_a_proxy_is_an_own_origin() -> None:
    with served(public_url="https://runnel.example.org") as server:
        browser = server.cookie(server.person("ada", "admin"))
        given = {**browser, "origin": "https://runnel.example.org", "x-forwarded-for": "203.0.113.9"}
        answer = server.call(
            "PATCH", "/api/v1/users/me", headers=given, json={"first_name": "Ada"}, host="backend:8377"
        )
        assert answer.status == 200 and answer.header("strict-transport-security")
        other = {**given, "origin": "http://runnel.example.org"}
        assert server.call("PATCH", "/api/v1/users/me", headers=other, json={}, host="backend:8377").status == 403


def test_the_requests_of_one_caller_at_the_same_time_are_limited_and_others_are_served(server: Served) -> None:
    from runnel.server import guarding

    ada, vic = server.token(server.people["ada"]), server.token(server.person("vic", "viewer"))
    who = server.state.access.proving.by_bearer(ada["authorization"].split()[1])
    assert who is not None
    server.state.busy[who.key] = guarding.MOST_AT_ONCE
    try:
        refused = server.call("GET", "/api/v1/roles", headers=ada)
        assert refused.status == 429 and refused.header("retry-after")
        assert server.call("GET", "/api/v1/roles", headers=vic).status == 200
    finally:
        del server.state.busy[who.key]
    assert server.call("GET", "/api/v1/roles", headers=ada).status == 200
    assert server.state.busy == {}


def test_denied_changes_count_as_requests_and_fill_the_log_no_faster_than_others(server: Served) -> None:
    from runnel.app.access.throttle import Throttle

    vic = server.token(server.person("vic", "viewer"))
    before, entries = server.state.throttle, len(server.entries("users.create_user"))
    server.state.throttle = Throttle(5, 60, clock=lambda: server.clock().timestamp())
    try:
        statuses = [server.call("POST", USERS, headers=vic, json={}).status for _ in range(40)]
    finally:
        server.state.throttle = before
    assert statuses[:5] == [403] * 5 and set(statuses[6:]) == {429}
    assert len(server.entries("users.create_user")) - entries <= 6


def test_callers_without_login_are_counted_by_their_address(server: Served) -> None:
    from runnel.server import guarding

    server.state.busy["nobody at 203.0.113.5"] = guarding.MOST_OF_NOBODY_AT_ONCE
    try:
        assert server.call("GET", "/healthz", peer="203.0.113.5").status == 429
        assert server.call("GET", "/healthz", peer="203.0.113.6").status == 200
    finally:
        del server.state.busy["nobody at 203.0.113.5"]
    assert server.state.busy == {}
