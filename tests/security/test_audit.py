"""The audit log: an entry for every change by every route, without secrets, in a chain that shows what was touched."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response

from building import fresh_folder
from integration.server.conftest import ORDERS, SHOP
from runnel.server.guarding import audit, serve
from runnel.server.rules import Public
from runnel.store.tables import audit as entries
from running import Running, running
from serving import PASSWORD, Served, served

READING_POSTS = re.compile(
    r"/(analysis|validate|schema|sql|lineage|preview|profile|counts|chart|left-out|complete|expr|delta|test|test-node|"
    r"estimate|suggest|diff|describe|sniff|words|try|test-pipeline|rows|use|export|glance|follow|make-test|tap|outlook|"
    r"change-outlook|traces)(/|$)"
)


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as made:
        made.person("ada", "admin")
        yield made


@pytest.mark.row("M-003-33", met_by="app/access/trail.py")
def test_every_changing_route_leaves_an_entry(server: Served) -> None:
    """The real rules and the real way in; the handlers only say that they worked."""
    import copy

    from starlette.applications import Starlette

    from runnel.server.edge import Edge

    async def worked(request: Request) -> Response:
        audit(request).change({"was": 1}, {"is": 2})
        return Response(status_code=204)

    def with_worked(route):
        made = copy.copy(route)

        async def guarded(request: Request) -> Response:
            return await serve(route.rule, request, worked)

        made.app = request_response(guarded)
        return made

    app = Starlette(routes=[with_worked(route) for route in server.app.routes])
    app.state.runnel, app.state.log = server.state, server.app.state.log
    wrapped, silent, walked = Edge(app, server.state, server.app.state.log), [], 0
    admin = server.token(server.people["ada"])
    for route in server.app.routes:
        for method in sorted({"POST", "PUT", "PATCH", "DELETE"} & set(route.methods or ())):
            if route.rule.action is None:
                continue
            server.clock.ahead(seconds=1)
            walked += 1
            kind = {"content-type": route.rule.accepts[0]} if route.rule.body != "none" else {}
            target = re.sub(r"\{[^}]+\}", "thing", route.path)
            answer = server.call(method, target, headers={**admin, **kind}, body=b"{}", app=wrapped)
            newest = server.entries()[0]
            expected = (route.rule.action, "done", {"was": 1}, {"is": 2})
            if (
                newest["action"],
                newest["outcome"],
                newest["before"],
                newest["after"],
            ) != expected or answer.status != 204:
                silent.append((method, route.path, newest["action"]))
    assert not silent and walked > 20


def told_by_real_handlers(server: Running) -> dict[str, dict]:
    """Make every change of pipelines, drafts and runs once; return the entry that each left, by action."""
    api, post = server.api, server.post

    def edit(title: str) -> None:
        revision = server.get("/pipelines/shop/draft")["revision"]
        change = {"op": "set", "path": ["title"], "value": title}
        post("/pipelines/shop/draft/edits", {"revision": revision, "edits": [change]})

    post("/pipelines", {"name": "made"})
    post("/pipelines/import", {"text": SHOP})
    post("/pipelines/shop/clone")
    api.patch("/pipelines/shop", json={"description": "d" * 4_000}).raise_for_status()
    tag = server.get("/pipelines/shop/draft")["etag"]
    put = api.put("/pipelines/shop", json={"text": SHOP.replace("small", "tiny")}, headers={"If-Match": tag})
    api.delete("/pipelines/shop_copy").raise_for_status()
    edit("Mine")
    text = {"text": SHOP, "revision": server.get("/pipelines/shop/draft")["revision"]}
    api.put("/pipelines/shop/draft", json=text).raise_for_status()
    (server.root / "shop.runnel.yaml").write_text(SHOP.replace("small", "foreign"), "utf-8")
    post("/pipelines/shop/draft/resolve", {"choice": "mine"})
    post("/pipelines/shop/draft/save")
    post(f"/pipelines/shop/versions/{put.raise_for_status().json()['version']}/restore")
    api.delete("/pipelines/shop/draft").raise_for_status()
    run = server.run("shop")
    post(f"/runs/{run['run_id']}/cancel")
    server.ended(post(f"/runs/{run['run_id']}/again")["run_id"])
    return {entry["action"]: entry for entry in server.get("/audit", limit=500)["items"]}


@pytest.mark.row("M-003-33")
def test_the_real_handlers_of_pipelines_drafts_and_runs_say_what_was_before_and_after(server: Served) -> None:
    changing = {
        route.rule.action for route in server.app.routes
        if (route.rule.action or "").split(".")[0] in ("pipelines", "drafts", "runs")
    }  # fmt: skip
    with fresh_folder() as folder:
        (folder / "orders.csv").write_text(ORDERS, "utf-8")
        (folder / "shop.runnel.yaml").write_text(SHOP, "utf-8")
        with running(folder) as made:
            told = told_by_real_handlers(made)
    assert changing <= set(told)
    created = {"pipelines.create_pipeline", "pipelines.import_pipeline", "pipelines.clone_pipeline"}
    for action in changing:
        entry = told[action]
        assert entry["outcome"] == "done" and (entry["before"] is None) == (action in created), entry
        assert (entry["after"] is None) == (action == "pipelines.delete_pipeline"), entry
        assert len(str(entry["before"])) + len(str(entry["after"])) < 2_000, entry
        assert entry["before"] != entry["after"], entry
    assert told["runs.execute"]["after"]["run_id"] != told["runs.run_again"]["after"]["run_id"]
    assert told["drafts.save_draft"]["after"]["version"] and told["drafts.save_draft"]["after"]["saved"] is True


def test_a_change_that_was_refused_after_it_was_begun_is_written_with_what_it_did(server: Served) -> None:
    """No desk runs it, after the draft was saved."""
    (server.state.root / "shop.runnel.yaml").write_text(SHOP, "utf-8")
    admin = server.token(server.people["ada"])
    edit = {"revision": 0, "edits": [{"op": "set", "path": ["title"], "value": "Saved"}]}
    assert server.call("POST", "/api/v1/pipelines/shop/draft/edits", headers=admin, json=edit).status == 200
    assert server.call("POST", "/api/v1/pipelines/shop/draft/edits", headers=admin, json=edit).status == 412
    refused = server.entries("drafts.edit_draft")[0]
    assert (refused["outcome"], refused["status"], refused["after"]) == ("failed", 412, None)
    assert server.call("POST", "/api/v1/pipelines/shop/execute", headers=admin, json={}).status == 503
    entry = server.entries("runs.execute")[0]
    assert entry["outcome"] == "failed" and entry["after"]["saved"] is True and entry["after"]["version"]
    assert server.state.store.audit.settle() == 0


def test_an_answer_that_is_given_again_leaves_no_second_entry(server: Served) -> None:
    admin = {**server.token(server.people["ada"]), "idempotency-key": "once"}
    for _ in range(3):
        assert server.call("POST", "/api/v1/pipelines", headers=admin, json={"name": "mine"}).status == 201
    assert server.call("POST", "/api/v1/pipelines", headers=admin, json={"name": "other"}).status == 409
    assert len(server.entries("pipelines.create_pipeline")) == 1 and server.state.store.audit.settle() == 0


def test_only_questions_are_not_audited(server: Served) -> None:
    unnamed = [
        route.path
        for route in server.app.routes
        if route.rule.action is None and {"POST", "PUT", "PATCH", "DELETE"} & set(route.methods or ())
        and not READING_POSTS.search(route.path)
    ]  # fmt: skip
    assert not unnamed


def test_actions_are_named_after_their_resource(server: Served) -> None:
    named = [route.rule.action for route in server.app.routes if route.rule.action]
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", name) for name in named)


def test_an_entry_says_who_what_before_and_after_from_where(server: Served) -> None:
    ada, vic = server.people["ada"], server.person("vic", "viewer")
    answer = server.call("PATCH", f"/api/v1/users/{vic.id}", headers=server.cookie(ada), json={"role": "editor"})
    entry = server.entries("users.change_user")[0]
    assert entry["actor"]["name"] == "ada" and entry["actor"]["kind"] == "user" and entry["actor"]["session"]
    assert (entry["object_kind"], entry["object_id"]) == ("user", vic.id)
    assert (entry["before"]["role"], entry["after"]["role"]) == ("viewer", "editor")
    assert entry["request_id"] == answer.header("x-request-id") and entry["address"] == "127.0.0.1"


def test_what_was_denied_is_written_too(server: Served) -> None:
    viewer = server.cookie(server.person("vic", "viewer"))
    server.call("POST", "/api/v1/users", headers=viewer, json={"username": "eve", "password": PASSWORD})
    entry = server.entries("users.create_user")[0]
    assert entry["outcome"] == "denied" and entry["actor"]["name"] == "vic"


def test_a_login_is_written_whether_it_was_right_or_wrong(server: Served) -> None:
    server.call("POST", "/api/v1/auth/login", json={"username": "ada", "password": "wrong wrong"})
    server.call("POST", "/api/v1/auth/login", json={"username": "ada", "password": PASSWORD})
    right, wrong = server.entries("auth.login")
    assert right["outcome"] == "done" and right["actor"]["name"] == "ada"
    assert wrong["outcome"] == "denied" and wrong["actor"]["name"] == "nobody" and wrong["object_id"] == "ada"


def test_no_entry_holds_a_secret(server: Served) -> None:
    ada = server.cookie(server.people["ada"])
    made = server.call("POST", "/api/v1/tokens", headers=ada, json={"name": "ci"}).json
    body = {"username": "eve", "password": "a very secret phrase", "role": "viewer"}
    server.call("POST", "/api/v1/users", headers=ada, json=body)
    server.call("POST", "/api/v1/users/invitations", headers=ada, json={"role": "viewer"})
    everything = str(server.entries())
    for secret in ("a very secret phrase", made["token"], "argon2", "$m="):
        assert secret not in everything


def test_the_log_is_read_by_actor_action_object_and_time_in_pages(server: Served) -> None:
    admin = server.token(server.people["ada"])
    for number in range(7):
        server.clock.ahead(minutes=1)
        server.call("POST", "/api/v1/tokens", headers=admin, json={"name": f"t{number}"})
    first = server.call("GET", "/api/v1/audit?action=tokens&limit=3", headers=admin).json
    second = server.call("GET", f"/api/v1/audit?action=tokens&limit=3&cursor={first['next']}", headers=admin).json
    numbers = [item["number"] for item in first["items"] + second["items"]]
    assert len(numbers) == 6 and numbers == sorted(numbers, reverse=True) and first["total"] == 7
    assert server.call("GET", "/api/v1/audit?actor=nobody", headers=admin).json["items"] == []
    since = first["items"][0]["at"]
    assert len(server.call("GET", f"/api/v1/audit?from={since}", headers=admin).json["items"]) == 1
    assert server.call("GET", "/api/v1/audit?cursor=xxxx", headers=admin).status == 422


def change(server: Served, statement: sa.Executable) -> list[str]:
    with server.state.store.engine.begin() as connection:
        connection.execute(statement)
    return list(server.state.store.audit.problems())


def written(server: Served) -> None:
    admin = server.token(server.people["ada"])
    for number in range(5):
        server.call("POST", "/api/v1/tokens", headers=admin, json={"name": f"t{number}"})
    assert list(server.state.store.audit.problems()) == []


def test_an_edited_entry_shows(server: Served) -> None:
    written(server)
    assert change(server, entries.update().where(entries.c.number == 3).values(actor_name="eve"))


def test_a_removed_entry_shows(server: Served) -> None:
    written(server)
    assert change(server, entries.delete().where(entries.c.number == 3))


def test_a_cut_end_shows(server: Served) -> None:
    written(server)
    assert change(server, entries.delete().where(entries.c.number == 5))


def test_two_entries_that_changed_places_show(server: Served) -> None:
    written(server)
    with server.state.store.engine.begin() as connection:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            connection.execute(entries.update().where(entries.c.number == old).values(number=new))
    assert list(server.state.store.audit.problems())
    admin = server.token(server.people["ada"])
    assert server.call("GET", "/api/v1/audit/verify", headers=admin).json["intact"] is False


def test_many_writers_at_once_make_one_chain(server: Served) -> None:
    import threading

    def write(name: str) -> None:
        for number in range(10):
            server.state.access.trail.write(None, "test.write", "thing", f"{name}{number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert list(server.state.store.audit.problems()) == [] and server.state.store.audit.count() == 40


def test_a_change_that_never_ended_is_in_the_log_after_the_next_start(server: Served) -> None:
    ada, trail = server.people["ada"], server.state.access.trail
    server.call("POST", "/api/v1/tokens", headers=server.token(ada), json={"name": "one"})
    assert trail.store.settle() == 0, "a change that ended left its note"
    trail.begin(None, "users.create_user", "user", "eve", request_id="r1", address="127.0.0.1")
    assert trail.store.settle() == 1 and trail.store.settle() == 0
    entry = server.entries("users.create_user")[0]
    assert (entry["outcome"], entry["status"], entry["request_id"]) == ("unknown", 0, "r1")
    assert list(server.state.store.audit.problems()) == []


def test_a_request_that_did_not_fit_leaves_neither_note_nor_entry(server: Served) -> None:
    admin, before = server.token(server.people["ada"]), server.state.store.audit.count()
    assert server.call("POST", "/api/v1/tokens", headers=admin, json={"name": ""}).status == 422
    assert server.state.store.audit.settle() == 0 and server.state.store.audit.count() == before


def test_a_public_route_that_changes_something_is_audited(server: Served) -> None:
    changing = [r for r in server.app.routes if isinstance(r.rule.permission, Public) and "POST" in r.methods]
    assert all(route.rule.action and route.rule.failures_too for route in changing)
