"""Users, settings, repeated requests and the pages, over a real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving import PASSWORD, Served, served

USERS = "/api/v1/users"


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as made:
        made.person("ada", "admin")
        yield made


@pytest.fixture
def admin(server: Served) -> dict[str, str]:
    return server.token(server.people["ada"])


@pytest.mark.row("M-003-480", "M-003-132", met_by="server/routes/users.py")
def test_users_are_made_listed_changed_and_removed(server: Served, admin: dict[str, str]) -> None:
    body = {
        "username": "Vic",
        "password": PASSWORD,
        "role": "viewer",
        "email": "vic@example.org",
        "timezone": "Europe/Berlin",
    }
    made = server.call("POST", USERS, headers=admin, json=body)
    assert made.status == 201 and made.json["username"] == "vic" and "password" not in made.body.decode()
    id = made.json["id"]
    assert made.header("location") == f"{USERS}/{id}"
    names = [user["username"] for user in server.call("GET", USERS, headers=admin).json["items"]]
    assert names == ["ada", "vic"]
    assert server.call("GET", f"{USERS}?search=VI", headers=admin).json["total"] == 1
    changed = server.call("PATCH", f"{USERS}/{id}", headers=admin, json={"role": "editor", "first_name": "Victor"})
    assert changed.json["role"] == "editor" and changed.json["first_name"] == "Victor"
    assert server.call("DELETE", f"{USERS}/{id}", headers=admin).status == 204
    assert server.call("GET", f"{USERS}/{id}", headers=admin).status == 404


def test_a_change_to_another_state_than_the_present_one_is_refused(server: Served, admin: dict[str, str]) -> None:
    vic = server.person("vic", "viewer")
    tag = server.call("GET", f"{USERS}/{vic.id}", headers=admin).header("etag") or ""
    server.clock.ahead(seconds=1)
    first = server.call("PATCH", f"{USERS}/{vic.id}", headers={**admin, "if-match": tag}, json={"role": "editor"})
    second = server.call("PATCH", f"{USERS}/{vic.id}", headers={**admin, "if-match": tag}, json={"role": "admin"})
    assert (first.status, second.status) == (200, 412)
    assert (
        server.call("GET", f"{USERS}/{vic.id}", headers={**admin, "if-none-match": first.header("etag") or ""}).status
        == 304
    )


def test_there_is_always_an_admin_who_can_log_in(server: Served, admin: dict[str, str]) -> None:
    ada = server.people["ada"]
    for answer in (
        server.call("DELETE", f"{USERS}/{ada.id}", headers=admin),
        server.call("PATCH", f"{USERS}/{ada.id}", headers=admin, json={"role": "viewer"}),
        server.call("PATCH", f"{USERS}/{ada.id}", headers=admin, json={"active": False}),
    ):
        assert answer.status == 409 and answer.json["code"] == "RNL-ACCESS-009"
    assert server.call("GET", "/api/v1/auth/session", headers=admin).status == 200


@pytest.mark.parametrize(
    "name", ["", "local", "LOCAL", "a b", "../x", "a/b", "<script>", "ä", "x" * 101, ".x", "a\u202eb", "Ａda"]
)
def test_a_name_that_could_be_mistaken_is_refused(server: Served, admin: dict[str, str], name: str) -> None:
    answer = server.call("POST", USERS, headers=admin, json={"username": name, "password": PASSWORD})
    assert answer.status == 422, answer.body


def test_a_name_is_taken_in_any_writing(server: Served, admin: dict[str, str]) -> None:
    assert server.call("POST", USERS, headers=admin, json={"username": "ADA", "password": PASSWORD}).status == 409


def test_a_role_a_zone_or_an_address_that_is_none_is_refused(server: Served, admin: dict[str, str]) -> None:
    for more in ({"role": "owner"}, {"timezone": "Mars/Base"}, {"timezone": "../../etc/passwd"}, {"email": "nobody"}):
        body = {"username": "eve", "password": PASSWORD, **more}
        assert server.call("POST", USERS, headers=admin, json=body).status == 422


def test_a_new_role_counts_at_once_and_ends_the_sessions(server: Served, admin: dict[str, str]) -> None:
    vic = server.person("vic", "editor")
    browser, token = server.cookie(vic), server.token(vic)
    assert server.call("GET", "/api/v1/auth/session", headers=browser).status == 200
    server.call("PATCH", f"{USERS}/{vic.id}", headers=admin, json={"role": "viewer"})
    assert server.call("GET", "/api/v1/auth/session", headers=browser).status == 401
    assert "pipelines.edit" not in server.call("GET", "/api/v1/auth/session", headers=token).json["permissions"]


def test_a_removed_user_is_nobody(server: Served, admin: dict[str, str]) -> None:
    vic = server.person("vic", "editor")
    browser, token = server.cookie(vic), server.token(vic)
    assert server.call("GET", "/api/v1/auth/session", headers=token).status == 200
    server.call("DELETE", f"{USERS}/{vic.id}", headers=admin)
    assert server.call("GET", "/api/v1/auth/session", headers=browser).status == 401
    assert server.call("GET", "/api/v1/auth/session", headers=token).status == 401


@pytest.mark.row("M-003-443", "M-003-447", met_by="server/routes/users.py")
def test_people_change_their_own_profile_zone_and_preferences(server: Served) -> None:
    vic = server.cookie(server.person("vic", "viewer"))
    body = {"first_name": "Vic", "timezone": "Asia/Tokyo", "preferences": {"theme": "dark", "dense": True}}
    assert server.call("PATCH", f"{USERS}/me", headers=vic, json=body).status == 200
    assert server.call("PATCH", f"{USERS}/me", headers=vic, json={"preferences": {"dense": None}}).status == 200
    me = server.call("GET", f"{USERS}/me", headers=vic).json
    assert me["timezone"] == "Asia/Tokyo" and me["preferences"] == {"theme": "dark"} and me["first_name"] == "Vic"
    assert server.call("PATCH", f"{USERS}/me", headers=vic, json={"preferences": {"x": "y" * 30_000}}).status == 422


def test_roles_say_what_they_may_in_words(server: Served, admin: dict[str, str]) -> None:
    roles = {role["name"]: role for role in server.call("GET", "/api/v1/roles", headers=admin).json["items"]}
    assert set(roles) == {"admin", "editor", "viewer"}
    assert {"name": "users.manage", "words": "add, change and remove users"} in roles["admin"]["permissions"]


def test_settings_are_seen_by_all_and_those_of_the_machine_by_admins(server: Served, admin: dict[str, str]) -> None:
    viewer = server.cookie(server.person("vic", "viewer"))
    assert "items" not in server.call("GET", "/api/v1/settings", headers=viewer).json
    assert server.call("GET", "/api/v1/settings", headers=admin).json["items"]
    assert server.call("PATCH", "/api/v1/settings", headers=viewer, json={"registration": "open"}).status == 403


def test_lists_come_in_pages(server: Served, admin: dict[str, str]) -> None:
    for number in range(5):
        server.person(f"user{number}", "viewer")
    seen, cursor = [], None
    while True:
        target = f"{USERS}?limit=2" + (f"&cursor={cursor}" if cursor else "")
        page = server.call("GET", target, headers=admin).json
        seen += [user["username"] for user in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["ada", "user0", "user1", "user2", "user3", "user4"] and page["total"] == 6


def test_a_repeated_request_is_done_once_and_answered_alike(server: Served, admin: dict[str, str]) -> None:
    body = {"username": "vic", "password": PASSWORD}
    keyed = {**admin, "idempotency-key": "k-1"}
    first, second = (server.call("POST", USERS, headers=keyed, json=body) for _ in range(2))
    assert first.status == second.status == 201 and first.body == second.body
    assert second.header("idempotency-replayed") == "true" and second.header("location") == first.header("location")
    other = server.call("POST", USERS, headers=keyed, json={**body, "username": "eve"})
    assert other.status == 409 and other.json["code"] == "RNL-HTTP-409-KEY"
    assert len(server.entries("users.create_user")) >= 1
    server.clock.ahead(hours=24, seconds=1)
    assert server.call("POST", USERS, headers=keyed, json={**body, "username": "eve"}).status == 201


def test_a_key_belongs_to_its_caller_and_its_address(server: Served, admin: dict[str, str]) -> None:
    keyed = {**admin, "idempotency-key": "k-1"}
    server.call("POST", "/api/v1/tokens", headers=keyed, json={"name": "a"})
    assert server.call("POST", f"{USERS}/invitations", headers=keyed, json={"role": "viewer"}).status == 201
    vic = {**server.token(server.person("vic", "viewer")), "idempotency-key": "k-1"}
    assert server.call("POST", "/api/v1/tokens", headers=vic, json={"name": "a"}).status == 201


def test_an_answer_with_a_secret_is_not_given_twice(server: Served, admin: dict[str, str]) -> None:
    keyed = {**admin, "idempotency-key": "k-1"}
    first = server.call("POST", "/api/v1/tokens", headers=keyed, json={"name": "a"})
    second = server.call("POST", "/api/v1/tokens", headers=keyed, json={"name": "a"})
    assert first.status == 201 and second.status == 409 and "shown once" in second.json["what"]


def test_a_request_that_failed_can_be_sent_again_with_its_key(server: Served, admin: dict[str, str]) -> None:
    keyed = {**admin, "idempotency-key": "k-1"}
    bad = {"username": "vic", "password": "short"}
    assert server.call("POST", USERS, headers=keyed, json=bad).status == 422
    assert server.call("POST", USERS, headers=keyed, json={**bad, "password": PASSWORD}).status == 201


def test_a_key_that_is_none_is_refused(server: Served, admin: dict[str, str]) -> None:
    for key in ("", "x" * 201, "a b"):
        answer = server.call("POST", "/api/v1/tokens", headers={**admin, "idempotency-key": key}, json={"name": "a"})
        assert answer.status == 422


@pytest.mark.row("M-003-532", "M-003-533", met_by="server/routes/health.py")
def test_health_is_told_to_everybody_and_metrics_to_whom_it_concerns(server: Served, admin: dict[str, str]) -> None:
    assert server.call("GET", "/healthz", peer="203.0.113.5").json["status"] == "ok"
    assert server.call("HEAD", "/healthz", peer="203.0.113.5").status == 200
    for target in ("/health", "/api/health"):
        assert server.call("GET", target).json["status"] == "ok"
        assert server.call("HEAD", target).status == 200
        assert server.call("GET", target, headers=admin, peer="203.0.113.5").json["status"] == "ok"
        assert server.call("GET", target, peer="203.0.113.5").status == 401
        assert server.call("GET", target, headers={"x-forwarded-for": "127.0.0.1"}).status == 401
    assert server.call("GET", "/readyz").status == 503
    server.state.desk.ready = True  # type: ignore[misc]
    assert server.call("GET", "/readyz").status == 200
    server.state.draining = True
    assert server.call("GET", "/readyz").status == 503
    assert b"runnel_http_requests_total" in server.call("GET", "/metrics").body
    assert server.call("GET", "/metrics", peer="203.0.113.5").status == 401
    assert server.call("GET", "/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status == 401
    assert server.call("GET", "/metrics", headers={"authorization": "Bearer nonsense"}).status == 401
    assert server.call("GET", "/metrics", headers=admin, peer="203.0.113.5").status == 200


def test_metrics_count_by_route_and_not_by_id(server: Served, admin: dict[str, str]) -> None:
    for number in range(3):
        server.call("GET", f"{USERS}/id{number}", headers=admin)
        server.call("BREW", f"/{number}")
    text = server.state.metrics.text().decode()
    assert 'route="/api/v1/users/{id}",status="404"} 3.0' in text and "id1" not in text and "BREW" not in text


@pytest.mark.row("M-003-100", "M-003-517", met_by="telemetry/requests.py")
def test_every_request_leaves_a_line_with_its_id(server: Served, admin: dict[str, str]) -> None:
    import json

    answer = server.call("GET", f"{USERS}?token=swordfish", headers=admin)
    line = json.loads(server.log.getvalue().splitlines()[-1])
    assert line["request_id"] == answer.header("x-request-id") and line["status"] == 200 and line["actor"] == "ada"
    assert line["route"] == USERS and "swordfish" not in str(line)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Served]:
    app = tmp_path / "app" / "assets"
    app.mkdir(parents=True)
    (tmp_path / "app" / "index.html").write_text("<!doctype html><p>the editor")
    (app / "index-BgG4tEtn.js").write_text("plain")
    (app / "index-BgG4tEtn.js.br").write_bytes(b"brotli")
    (app / "index-BgG4tEtn.js.gz").write_bytes(b"gzipped")
    (tmp_path / "secret.txt").write_text("outside")
    (tmp_path / "app" / "link.txt").symlink_to(tmp_path / "secret.txt")
    with served(static=tmp_path) as made:
        yield made


HTML = {"accept": "text/html,*/*;q=0.8"}


@pytest.mark.parametrize(
    "path", ["/", "/pipelines", "/pipelines/orders", "/runs/17", "/share/abc", "/setup", "/settings/users", "/x.y"]
)
def test_every_page_is_the_editor(pages: Served, path: str) -> None:
    answer = pages.call("GET", path, headers=HTML)
    assert answer.status == 200 and b"the editor" in answer.body and answer.header("cache-control") == "no-cache"


@pytest.mark.parametrize("path", ["/api/nothing", "/api", "/API/v1/users", "/metrics/x", "/assets/none.js", "/../secret.txt", "/link.txt",
                                  "/assets/index-BgG4tEtn.js.br", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "/docs/x", "/" + "a" * 300 + ".js"])  # fmt: skip
def test_what_is_no_page_is_not_found(pages: Served, path: str) -> None:
    answer = pages.call("GET", path, headers={"accept": "*/*"})
    assert answer.status == 404 and b"outside" not in answer.body


def test_hashed_files_last_and_come_packed(pages: Served) -> None:
    plain = pages.call("GET", "/assets/index-BgG4tEtn.js")
    assert plain.body == b"plain" and "immutable" in (plain.header("cache-control") or "")
    for accepted, body in (
        ("gzip, deflate, br", b"brotli"),
        ("gzip", b"gzipped"),
        ("br;q=0, gzip", b"gzipped"),
        ("identity", b"plain"),
    ):
        answer = pages.call("GET", "/assets/index-BgG4tEtn.js", headers={"accept-encoding": accepted})
        assert answer.body == body and answer.header("content-type") == "text/javascript; charset=utf-8"


def test_old_addresses_lead_to_the_new_ones(pages: Served) -> None:
    assert pages.call("GET", "/dashboard", headers=HTML).header("location") == "/"
    assert pages.call("GET", "/pipeline-builder", headers=HTML).header("location") == "/pipelines/new"


def test_a_server_without_the_built_editor_says_how_to_build_it(tmp_path: Path) -> None:
    with served(static=tmp_path) as made:
        answer = made.call("GET", "/", headers=HTML)
        assert answer.status == 200 and b"npm run build" in answer.body and b"<script" not in answer.body


def test_a_flood_of_ranges_is_answered_shortly(pages: Served) -> None:
    for ranges in (",".join(f"{n}-{n}" for n in range(1500)), ",".join(["0-"] * 1500), "0-0," * 1500 + "-1", "5-1", "a-b", "-"):
        answer = pages.call("GET", "/assets/index-BgG4tEtn.js", headers={"range": f"bytes={ranges}"})
        assert answer.status in (200, 206, 400, 416) and len(answer.body) < 20_000, (answer.status, ranges[:20])
