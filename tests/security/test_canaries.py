"""Unique secrets, used everywhere, are found nowhere afterwards: not in the store, a log, a metric or an answer."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path
from urllib.parse import quote

from runnel.app.access.sharing import Sharing
from serving import ORIGIN, Served, served

LOGIN = "/api/v1/auth/login"


def forms(secret: str) -> set[bytes]:
    """Every form in which a secret could lie around."""
    raw = secret.encode()
    return {
        raw, base64.b64encode(raw).rstrip(b"="), base64.urlsafe_b64encode(raw).rstrip(b"="), quote(secret, safe="").encode(),
        json.dumps(secret)[1:-1].encode(), raw[::-1], raw.hex().encode(),
    }  # fmt: skip


def found(places: dict[str, bytes], canaries: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (place, name)
        for place, data in places.items()
        for name, secret in canaries.items()
        if any(form in data for form in forms(secret))
    ]


def everything(server: Served, folder: Path, answers: list[bytes]) -> dict[str, bytes]:
    files = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    return {
        **files,
        "log": server.log.getvalue(),
        "metrics": server.state.metrics.text(),
        "answers": b"\n".join(answers),
    }


def test_no_secret_is_found_anywhere_after_it_was_used() -> None:
    with served() as server:
        canaries = {f"password {n}": f"canary-{secrets.token_hex(12)}/ü" for n in range(12)}
        answers: list[bytes] = []

        def ask(method: str, target: str, shown: bool = False, **more):
            answer = server.call(method, target, **more)
            if not shown:
                answers.append(answer.body + str(answer.headers).encode())
            return answer

        link = server.state.access.links.new_link()
        canaries["link"] = link
        entered = server.call("GET", f"/pipelines?token={link}")
        cookie = (entered.header("set-cookie") or "").split(";")[0]
        canaries["session"] = cookie.split("=")[1]
        answers.append(str([h for h in entered.headers if h[0] != "set-cookie"]).encode())
        csrf = ask("GET", "/api/v1/auth/session", headers={"cookie": cookie}, shown=True).json["csrf"]
        local = {"cookie": cookie, "x-csrf-token": csrf, "origin": ORIGIN}
        passwords = [value for name, value in canaries.items() if name.startswith("password")]
        ask("POST", "/api/v1/users", headers=local, json={"username": "ada", "password": passwords[0], "role": "admin"})
        for wrong in passwords[1:6]:
            ask("POST", LOGIN, json={"username": "ada", "password": wrong})
            ask("POST", LOGIN, json={"username": wrong[:3], "password": [wrong]})
        made = ask("POST", LOGIN, json={"username": "ada", "password": passwords[0]}, shown=True).json
        canaries |= {"access": made["access_token"], "refresh": made["refresh_token"]}
        bearer = {"authorization": f"Bearer {made['access_token']}"}
        token = ask(
            "POST", "/api/v1/tokens", headers={**bearer, "idempotency-key": "k1"}, json={"name": "ci"}, shown=True
        ).json
        canaries["api token"] = token["token"]
        ask("POST", "/api/v1/tokens", headers={**bearer, "idempotency-key": "k1"}, json={"name": "ci"})
        invitation = ask("POST", "/api/v1/users/invitations", headers=bearer, json={"role": "viewer"}, shown=True).json
        canaries["invitation"] = invitation["token"]
        body = {"username": "eve", "password": passwords[6], "invitation": invitation["token"]}
        ask("POST", "/api/v1/auth/register", json=body)
        body = {"current": passwords[0], "new": passwords[7]}
        ask("POST", "/api/v1/auth/password", headers=bearer, json=body)
        body = {"token": passwords[8], "username": "x", "password": passwords[9]}
        ask("POST", "/api/v1/auth/setup", json=body)
        ask("GET", f"/api/v1/auth/session?token={token['token']}&password={passwords[10]}")
        ask("GET", "/api/v1/users", headers={"authorization": f"Bearer {passwords[11].encode().hex()}"})
        who = server.state.access.proving.by_bearer(token["token"])
        assert who is not None
        sharing: Sharing = server.state.access.sharing
        share, _ = sharing.create(who, "p", {"n": []}, "live", "t", 30, None)
        canaries["share"] = share
        ask("GET", f"/share/{share}/data")
        ask("GET", f"/share/{share}")
        for target in ("/api/v1/users", "/api/v1/tokens", "/api/v1/audit?limit=500", "/api/v1/settings", "/api/v1/shares",
                       "/api/v1/auth/sessions", "/api/v1/openapi.json", "/metrics"):  # fmt: skip
            ask("GET", target, headers={"authorization": f"Bearer {token['token']}"})
        server.state.store.secrets.set("warehouse", passwords[11])
        server.state.store.engine.dispose()
        assert len(canaries) >= 18
        assert found(everything(server, server.state.root, answers), canaries) == []


def test_the_sweep_finds_what_lies_around() -> None:
    for form in forms("swordfish-swordfish"):
        assert found({"file": b"x" + form + b"y"}, {"one": "swordfish-swordfish"})
