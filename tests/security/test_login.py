"""Logging in: guesses are few and tell nothing, tokens are of one kind, old refresh tokens end what they began."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from serving import ORIGIN, PASSWORD, Served, served

LOGIN, SESSION = "/api/v1/auth/login", "/api/v1/auth/session"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as made:
        made.person("ada", "admin")
        yield made


def login(server: Served, name: object = "ada", password: object = PASSWORD, **more):
    return server.call("POST", LOGIN, json={"username": name, "password": password}, **more)


@pytest.mark.row("M-002-49", "M-003-479", "M-003-495", met_by="server/routes/auth.py")
def test_an_api_client_gets_an_access_token_of_fifteen_minutes_and_a_refresh_token(server: Served) -> None:
    made = login(server).json
    assert made["token_type"] == "bearer" and made["expires_in"] == 900
    headers = {"authorization": f"Bearer {made['access_token']}"}
    assert server.call("GET", SESSION, headers=headers).json["user"]["username"] == "ada"
    server.clock.ahead(minutes=15, seconds=1)
    assert server.call("GET", SESSION, headers=headers).status == 401


@pytest.mark.row("M-003-497", met_by="app/access/sessions.py")
def test_a_refresh_token_is_good_once_and_its_old_form_ends_the_session(server: Served) -> None:
    first = login(server).json
    second = server.call("POST", LOGIN, json={"grant_type": "refresh_token", "refresh_token": first["refresh_token"]})
    assert second.status == 200 and second.json["refresh_token"] != first["refresh_token"]
    stolen = server.call("POST", LOGIN, json={"grant_type": "refresh_token", "refresh_token": first["refresh_token"]})
    assert stolen.status == 401
    after = server.call(
        "POST", LOGIN, json={"grant_type": "refresh_token", "refresh_token": second.json["refresh_token"]}
    )
    assert after.status == 401
    bearer = {"authorization": f"Bearer {second.json['access_token']}"}
    assert server.call("GET", SESSION, headers=bearer).status == 401


def test_a_refresh_token_is_no_access_token_and_no_cookie(server: Served) -> None:
    made = login(server).json
    assert server.call("GET", SESSION, headers={"authorization": f"Bearer {made['refresh_token']}"}).status == 401
    assert server.call("GET", SESSION, headers={"cookie": f"runnel_session={made['refresh_token']}"}).status == 401


def test_a_form_of_oauth_logs_in_and_refreshes(server: Served) -> None:
    body = b"grant_type=password&username=ada&password=correct+horse+battery&client_id=x"
    made = server.call("POST", LOGIN, headers=FORM, body=body)
    assert made.status == 200
    again = f"grant_type=refresh_token&refresh_token={made.json['refresh_token']}".encode()
    assert server.call("POST", LOGIN, headers=FORM, body=again).status == 200
    assert server.call("POST", LOGIN, headers=FORM, body=b"grant_type=client_credentials").status == 422


def test_a_browser_gets_a_session_and_no_tokens(server: Served) -> None:
    answer = login(server, headers={"origin": ORIGIN, "sec-fetch-site": "same-origin"})
    assert "access_token" not in answer.json and answer.json["csrf"]
    assert "httponly" in (answer.header("set-cookie") or "").lower()


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
                                     {"origin": ORIGIN, "sec-fetch-site": "same-site"}])  # fmt: skip
def test_another_site_cannot_log_somebody_in(server: Served, headers: dict[str, str]) -> None:
    answer = login(server, headers=headers)
    assert answer.status == 403 and answer.header("set-cookie") is None


def test_a_wrong_name_and_a_wrong_password_are_told_alike(server: Served) -> None:
    wrong, unknown = login(server, password="wrong wrong"), login(server, name="nobody")
    assert wrong.status == unknown.status == 401
    assert {**wrong.json, "request_id": ""} == {**unknown.json, "request_id": ""}


def test_an_unknown_name_costs_as_much_work_as_a_known_one(server: Served) -> None:
    passwords, done = server.state.access.users.passwords, []
    real = passwords._hasher

    class Counting:
        def verify(self, stored: str, given: str) -> bool:
            done.append(stored)
            return real.verify(stored, given)

        def __getattr__(self, name: str):
            return getattr(real, name)

    passwords._hasher = Counting()  # type: ignore[assignment]
    server.state.access.users.verify("ada", "wrong")
    server.state.access.users.verify("nobody", "wrong")
    assert len(done) == 2
    assert done[0].split("$")[:4] == done[1].split("$")[:4]


@pytest.mark.parametrize("password", [None, "", [], {}, 0, True, ["correct horse battery"], {"$ne": ""}, "x" * 5000])
def test_no_value_in_place_of_a_password_is_good(server: Served, password: object) -> None:
    assert login(server, password=password).status in (401, 422)


def test_the_person_without_a_password_cannot_log_in() -> None:
    with served() as fresh:
        fresh.local()
        for password in ("", "local", "None", "null"):
            assert fresh.call("POST", LOGIN, json={"username": "local", "password": password}).status == 401


def test_a_disabled_user_cannot_log_in(server: Served) -> None:
    eve = server.person("eve", "editor")
    server.state.access.users.change(eve, {"is_active": False})
    assert login(server, "eve").status == 401


@pytest.mark.row("M-003-507", met_by="app/access/throttle.py")
def test_at_most_ten_guesses_of_an_account_are_looked_at_in_ten_minutes(server: Served) -> None:
    statuses = [login(server, password=f"wrong {n}", peer=f"198.51.100.{n}").status for n in range(60)]
    assert statuses.count(401) == 10 and statuses.count(429) == 50
    locked = login(server, peer="198.51.100.200")
    assert locked.status == 429 and int(locked.header("retry-after") or 0) > 0
    server.clock.ahead(minutes=10, seconds=1)
    assert login(server).status == 200


def test_at_most_twenty_guesses_of_an_address_are_looked_at_in_ten_minutes(server: Served) -> None:
    statuses = [login(server, name=f"user{n}", peer="198.51.100.7").status for n in range(60)]
    assert statuses.count(401) == 20 and statuses.count(429) == 40
    assert login(server, peer="198.51.100.8").status == 200


def test_all_guesses_together_are_limited(server: Served) -> None:
    statuses = [login(server, name=f"user{n}", peer=f"198.51.{n // 200}.{n % 200}").status for n in range(260)]
    assert statuses.count(401) == 200


def test_a_forged_address_of_a_proxy_does_not_evade_the_limit(server: Served) -> None:
    statuses = [login(server, name=f"user{n}", headers={"x-forwarded-for": f"203.0.113.{n}"}).status for n in range(40)]
    assert statuses.count(401) == 20


def test_the_right_password_is_not_counted_as_a_guess(server: Served) -> None:
    assert {login(server).status for _ in range(40)} == {200}


def test_guesses_of_the_present_password_are_limited_too(server: Served) -> None:
    browser = server.cookie(server.people["ada"])
    body = {"current": "wrong", "new": "another good one"}
    statuses = [server.call("POST", "/api/v1/auth/password", headers=browser, json=body).status for _ in range(14)]
    assert statuses.count(403) == 10 and statuses.count(429) == 4


@pytest.mark.row("M-003-444", "M-003-352", met_by="server/routes/auth.py", deviation="two-factor login is not there")
def test_a_changed_password_ends_every_other_session(server: Served) -> None:
    ada = server.people["ada"]
    here, there = server.cookie(ada), server.cookie(ada)
    body = {"current": PASSWORD, "new": "another good one"}
    assert server.call("POST", "/api/v1/auth/password", headers=here, json=body).status == 204
    assert server.call("GET", SESSION, headers=here).status == 200
    assert server.call("GET", SESSION, headers=there).status == 401
    assert login(server).status == 401 and login(server, password="another good one").status == 200


@pytest.mark.parametrize("password", ["short", "password", "12345678", "ada"])
def test_a_weak_password_is_refused(server: Served, password: str) -> None:
    body = {
        "username": "adalovelace" if password != "ada" else "ada12345",
        "password": password if password != "ada" else "ada12345",
    }
    answer = server.call("POST", "/api/v1/users", headers=server.token(server.people["ada"]), json=body)
    assert answer.status == 422 and answer.json["where"]["field"] == "password"


@pytest.mark.row("M-003-357", met_by="app/access/sessions.py")
def test_sessions_are_listed_and_ended(server: Served) -> None:
    ada = server.people["ada"]
    here, there = server.cookie(ada), server.cookie(ada)
    listed = server.call("GET", "/api/v1/auth/sessions", headers=here).json["items"]
    assert len(listed) == 2 and [item["current"] for item in listed].count(True) == 1
    other = next(item["id"] for item in listed if not item["current"])
    assert server.call("DELETE", f"/api/v1/auth/sessions/{other}", headers=here).status == 204
    assert server.call("GET", SESSION, headers=there).status == 401
    assert server.call("DELETE", f"/api/v1/auth/sessions/{other}", headers=here).status == 404


def test_nobody_ends_or_sees_the_sessions_and_tokens_of_others(server: Served) -> None:
    ada, vic = server.people["ada"], server.person("vic", "viewer")
    theirs, session = server.state.access.sessions.open(ada, "login", None, None)
    _, token = server.state.access.tokens.create(ada, "hers", None, None)
    viewer = server.cookie(vic)
    assert server.call("DELETE", f"/api/v1/auth/sessions/{session.id}", headers=viewer).status == 404
    assert server.call("DELETE", f"/api/v1/tokens/{token.id}", headers=viewer).status == 404
    assert server.call("GET", f"/api/v1/auth/sessions?user={ada.id}", headers=viewer).status == 403
    assert server.call("GET", "/api/v1/tokens?user=all", headers=viewer).status == 403
    assert server.call("GET", SESSION, headers={"cookie": f"runnel_session={theirs}"}).status == 200


def test_an_idle_session_ends_after_the_time_that_its_user_chose(server: Served) -> None:
    browser = server.cookie(server.people["ada"])
    body = {"preferences": {"session_minutes": 15}}
    assert server.call("PATCH", "/api/v1/users/me", headers=browser, json=body).status == 200
    server.clock.ahead(minutes=14)
    assert server.call("GET", SESSION, headers=browser).status == 200
    server.clock.ahead(minutes=16)
    assert server.call("GET", SESSION, headers=browser).status == 401


@pytest.mark.row("M-003-355", met_by="app/access/tokens.py")
def test_a_token_ends_when_it_expires_and_when_it_is_revoked(server: Served) -> None:
    ada = server.people["ada"]
    short = server.token(ada, None, minutes=5)
    made = server.call(
        "POST", "/api/v1/tokens", headers=server.token(ada), json={"name": "ci", "scopes": ["pipelines.*"]}
    ).json
    ci = {"authorization": f"Bearer {made['token']}"}
    assert server.call("GET", "/api/v1/users", headers=ci).status == 403
    assert server.call("GET", SESSION, headers=short).status == 200
    server.clock.ahead(minutes=6)
    assert server.call("GET", SESSION, headers=short).status == 401
    assert server.call("DELETE", f"/api/v1/tokens/{made['id']}", headers=server.token(ada)).status == 204
    assert server.call("GET", "/api/v1/users", headers=ci).status == 401


def test_a_narrow_token_cannot_make_a_wider_one(server: Served) -> None:
    narrow = server.token(server.people["ada"], ["tokens.own", "files.view"])
    body = {"name": "more", "scopes": ["users.manage"]}
    assert server.call("POST", "/api/v1/tokens", headers=narrow, json=body).status == 403
    inherited = server.call("POST", "/api/v1/tokens", headers=narrow, json={"name": "same"})
    assert inherited.json["scopes"] == ["files.view", "tokens.own"]


def b64(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def forged(server: Served) -> dict[str, str]:
    tokens = server.state.access.access_tokens
    _, session = server.state.access.sessions.open(server.people["ada"], "api", None, None)
    good = tokens.issue(server.people["ada"].id, session.id)
    claims = jwt.decode(good, options={"verify_signature": False})
    private, public = tokens._private, tokens._public
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    head, body, seal = good.split(".")
    typ = {"typ": "at+jwt"}

    def signed(changed: dict, headers: dict | None = None, key=private, algorithm="EdDSA") -> str:
        return jwt.encode({**claims, **changed}, key, algorithm=algorithm, headers=headers or typ)

    def hs256(key: bytes) -> str:
        text = f"{b64({'alg': 'HS256', **typ})}.{body}"
        return f"{text}.{b64(hmac.new(key, text.encode(), hashlib.sha256).digest())}"

    def without(name: str) -> str:
        return jwt.encode({k: v for k, v in claims.items() if k != name}, private, algorithm="EdDSA", headers=typ)

    double = b64(
        f'{{"iss":"runnel","aud":"runnel-api","sub":"x","sub":"{claims["sub"]}","sid":"{session.id}"}}'.encode()
    )
    return {
        "none": f"{b64({'alg': 'none', **typ})}.{body}.",
        "None": f"{b64({'alg': 'None', **typ})}.{body}.",
        "none with the seal": f"{b64({'alg': 'none', **typ})}.{body}.{seal}",
        "no seal": f"{head}.{body}.", "two parts": f"{head}.{body}", "five parts": f"{head}.{body}.{seal}.x.y",
        "HS256 with the PEM": hs256(pem), "HS256 with the DER": hs256(der), "HS256 with the raw key": hs256(raw),
        "HS256 with a JWK": hs256(json.dumps({"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}).encode()),
        "HS256 with nothing": hs256(b""),
        "another Ed25519 key": signed({}, key=Ed25519PrivateKey.generate()),
        "RS256": signed({}, key=rsa.generate_private_key(65537, 2048), algorithm="RS256"),
        "ES256": signed({}, key=ec.generate_private_key(ec.SECP256R1()), algorithm="ES256"),
        "kid that leads outside": signed({}, {**typ, "kid": "../../../../dev/null"}),
        "kid with SQL": signed({}, {**typ, "kid": "x' UNION SELECT 'k"}),
        "jku": signed({}, {**typ, "jku": "https://evil.example/keys"}),
        "x5u": signed({}, {**typ, "x5u": "https://evil.example/key"}),
        "jwk": signed({}, {**typ, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}}),
        "crit": signed({}, {**typ, "crit": ["exp"]}),
        "another typ": signed({}, {"typ": "JWT"}),
        "another audience": signed({"aud": "other"}), "a list of audiences": signed({"aud": ["runnel-api", "other"]}),
        "another issuer": signed({"iss": "other"}),
        "expired": signed({"exp": claims["iat"] - 1}), "not yet": signed({"nbf": claims["iat"] + 3600}),
        "made tomorrow": signed({"iat": claims["iat"] + 86400}),
        "exp as a fraction": signed({"exp": claims["exp"] + 0.5}), "exp without end": signed({"exp": 10**400}),
        "another user": signed({"sub": "0" * 16}), "another session": signed({"sid": "0" * 16}),
        "another user in the body": f"{head}.{b64({**claims, 'sub': '0' * 16})}.{seal}",
        "a claim twice": f"{head}.{double}.{seal}",
        "without exp": without("exp"), "without sub": without("sub"), "without sid": without("sid"), "without aud": without("aud"),
        "a bit changed": good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1],
        "a body that is no JSON": f"{head}.{b64(b'null')}.{seal}",
        "a megabyte": f"{head}.{'A' * 1_000_000}.{seal}",
        "deep": f"{head}.{b64(('[' * 2000 + ']' * 2000).encode())}.{seal}",
    }  # fmt: skip


def test_the_token_that_the_attacks_start_from_is_good(server: Served) -> None:
    _, session = server.state.access.sessions.open(server.people["ada"], "api", None, None)
    good = server.state.access.access_tokens.issue(server.people["ada"].id, session.id)
    assert server.call("GET", SESSION, headers={"authorization": f"Bearer {good}"}).status == 200


@pytest.mark.row("M-003-89", met_by="app/access/access_tokens.py")
def test_every_forged_token_is_refused_and_no_handler_is_entered(server: Served) -> None:
    attacks, let_in = forged(server), []
    for name, token in attacks.items():
        server.clock.ahead(seconds=1)
        answer = server.call("GET", SESSION, headers={"authorization": f"Bearer {token}"}, peer="192.0.2.9")
        if answer.status != 401:
            let_in.append((name, answer.status))
    assert not let_in and len(attacks) >= 40


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", "Bearer GOOD"), ("authorization", "Bearer GOOD")],
        [("authorization", "Bearer GOOD, Bearer x")],
        [("authorization", "BearerGOOD")],
        [("authorization", "Token GOOD")],
        [("authorization", "Bearer  GOOD")],
        [("authorization", "Bearer\tGOOD")],
    ],
)
def test_a_token_in_another_form_is_no_token(server: Served, headers: list[tuple[str, str]]) -> None:
    good = server.token(server.people["ada"])["authorization"].split()[1]
    given = [(name, value.replace("GOOD", good)) for name, value in headers]
    assert server.call("GET", SESSION, headers=given).status == 401


@pytest.mark.parametrize("target", [f"{SESSION}?token=GOOD", f"{SESSION}?access_token=GOOD", f"{SESSION}?api_key=GOOD"])
def test_a_token_in_an_address_is_no_token(server: Served, target: str) -> None:
    good = server.token(server.people["ada"])["authorization"].split()[1]
    assert server.call("GET", target.replace("GOOD", good)).status == 401


def test_trying_token_after_token_is_slowed(server: Served) -> None:
    statuses = [
        server.call("GET", SESSION, headers={"authorization": f"Bearer rnl_{n:043}"}, peer="198.51.100.7").status
        for n in range(150)
    ]
    assert statuses.count(401) == 120 and statuses.count(429) == 30
    assert server.call("GET", SESSION, headers=server.token(server.people["ada"]), peer="198.51.100.7").status == 200


def test_registration_is_closed_until_an_admin_opens_it_or_invites(server: Served) -> None:
    admin = server.token(server.people["ada"])
    body = {"username": "new", "password": PASSWORD}
    assert server.call("POST", "/api/v1/auth/register", json=body).status == 403
    invited = server.call("POST", "/api/v1/users/invitations", headers=admin, json={"role": "editor"}).json
    made = server.call("POST", "/api/v1/auth/register", json={**body, "invitation": invited["token"]})
    assert made.status == 201 and made.json["user"]["role"] == "editor"
    again = {"username": "new2", "password": PASSWORD, "invitation": invited["token"]}
    assert server.call("POST", "/api/v1/auth/register", json=again).status == 403
    assert server.call("PATCH", "/api/v1/settings", headers=admin, json={"registration": "open"}).status == 200
    opened = server.call("POST", "/api/v1/auth/register", json={"username": "third", "password": PASSWORD})
    assert opened.status == 201 and opened.json["user"]["role"] == "viewer"


@pytest.mark.parametrize(
    "bad", [{"password": "short"}, {"username": "two words"}, {"username": "ada"}, {"email": "no address"}]
)
def test_a_registration_that_fails_leaves_the_invitation_good_for_one_that_does_not(
    server: Served, bad: dict[str, str]
) -> None:
    server.clock.ahead(hours=1)
    admin = server.token(server.person("ada", "admin"))
    answer = server.call("POST", "/api/v1/users/invitations", headers=admin, json={"role": "editor"})
    name = f"invited{len(str(bad))}{next(iter(bad))}"
    body = {"username": name, "password": PASSWORD, "invitation": answer.json["token"]}
    assert server.call("POST", "/api/v1/auth/register", json={**body, **bad}).status in (409, 422)
    made = server.call("POST", "/api/v1/auth/register", json=body)
    assert made.status == 201 and made.json["user"]["role"] == "editor"
    again = server.call("POST", "/api/v1/auth/register", json={**body, "username": name + "2"})
    assert again.status == 403


def test_nobody_gives_themselves_a_role_by_registering_or_by_their_profile(server: Served) -> None:
    admin = server.token(server.people["ada"])
    server.call("PATCH", "/api/v1/settings", headers=admin, json={"registration": "open"})
    for extra in ({"role": "admin"}, {"is_active": True}, {"id": "x"}):
        body = {"username": "eve", "password": PASSWORD, **extra}
        assert server.call("POST", "/api/v1/auth/register", json=body).status == 422
        viewer = server.cookie(server.person("vic", "viewer"))
        assert server.call("PATCH", "/api/v1/users/me", headers=viewer, json=extra).status == 422
