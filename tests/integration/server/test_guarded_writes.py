"""Writes of pipelines: under the name and the tag that they were meant for, and nobody's unsaved work is overwritten."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from integration.server.asking import LARGE, ask, draft, edited, file_of, titled, with_shop
from integration.server.conftest import SHOP
from serving import Served


@pytest.fixture
def server() -> Iterator[Served]:
    """A server with the small shop and a large document."""
    with with_shop() as made:
        yield made


def test_the_text_of_a_pipeline_cannot_give_it_another_name(server: Served):
    other = SHOP.replace("name: shop", "name: store")
    revision = draft(server)["revision"]
    tag = ask(server, "GET", "/pipelines/shop").header("etag")
    rename = {"revision": revision, "edits": [{"op": "set", "path": ["name"], "value": "store"}]}
    whole = {"op": "set", "path": [], "value": {"runnel": 1, "name": "store", "nodes": {}}}
    for method, path, body, match in (
        ("PUT", "/pipelines/shop/draft", {"text": other, "revision": revision}, None),
        ("POST", "/pipelines/shop/draft/edits", rename, None),
        ("POST", "/pipelines/shop/draft/edits", {"revision": revision, "edits": [whole]}, None),
        ("PUT", "/pipelines/shop", {"text": other}, tag),
        ("PUT", "/pipelines/shop", {"document": {"runnel": 1, "name": "store", "nodes": {}}}, tag),
    ):
        answer = ask(server, method, path, body, match)
        assert answer.status == 422 and "store" in answer.json["what"] and "clone shop" in answer.json["hint"]
    assert file_of(server).read_text("utf-8") == SHOP and draft(server)["saved"] is True


def test_a_text_that_cannot_be_read_is_not_saved_where_the_file_would_become_another_pipeline(server: Served):
    path = server.state.root / "of_march.runnel.yaml"
    path.write_text(SHOP.replace("name: shop", "name: spring"), "utf-8")
    broken = {"text": "nodes: {a: [", "revision": draft(server, "spring")["revision"]}
    assert ask(server, "PUT", "/pipelines/spring/draft", broken).status == 200
    assert ask(server, "POST", "/pipelines/spring/draft/save", {}).status == 422
    assert "name: spring" in path.read_text("utf-8") and draft(server, "spring")["text"] == broken["text"]


def test_a_text_that_no_file_may_hold_is_refused(server: Served):
    body = {"text": SHOP + "# " + "x" * 4_200_000, "revision": draft(server)["revision"]}
    assert ask(server, "PUT", "/pipelines/shop/draft", body).status == 413
    assert ask(server, "GET", "/pipelines/shop").status == 200


def test_the_tag_of_the_file_replaces_nothing_that_somebody_edits(server: Served):
    tag = ask(server, "GET", "/pipelines/shop").header("etag")
    theirs = edited(server, "Theirs")
    body = {"text": SHOP.replace("A small shop", "Put")}
    refused = ask(server, "PUT", "/pipelines/shop", body, tag)
    assert refused.status == 412 and refused.header("etag") == theirs["etag"]
    assert draft(server)["text"] == theirs["text"] and file_of(server).read_text("utf-8") == SHOP
    assert ask(server, "PUT", "/pipelines/shop", body, theirs["etag"]).status == 200
    assert "title: Put" in file_of(server).read_text("utf-8") and draft(server)["saved"] is True


def test_a_write_says_what_it_writes(server: Served):
    tag = ask(server, "GET", "/pipelines/shop").header("etag")
    for body in ({}, {"text": SHOP, "document": {}}):
        assert ask(server, "PUT", "/pipelines/shop", body, tag).status == 422
    assert file_of(server).read_text("utf-8") == SHOP


def test_if_match_holds_for_every_write(server: Served):
    version = ask(server, "POST", "/pipelines/shop/draft/save", {}).json["version"]
    state = edited(server, "Kept")
    for method, path, body in (
        ("PATCH", "/pipelines/shop", {"description": "New"}),
        ("DELETE", "/pipelines/shop", None),
        ("POST", f"/pipelines/shop/versions/{version}/restore", None),
        ("POST", "/pipelines/shop/draft/edits", titled(state["revision"], "New")),
        ("PUT", "/pipelines/shop/draft", {"text": SHOP + "\n", "revision": state["revision"]}),
        ("POST", "/pipelines/shop/draft/save", {}),
        ("POST", "/pipelines/shop/draft/resolve", {"choice": "theirs"}),
        ("DELETE", "/pipelines/shop/draft", None),
        ("POST", "/pipelines/shop/execute", {}),
    ):
        answer = ask(server, method, path, body, '"wrong"')
        assert (answer.status, answer.header("etag")) == (412, state["etag"]), (method, path)
        assert draft(server) == state and file_of(server).read_text("utf-8") == SHOP
    assert ask(server, "DELETE", "/pipelines/shop/draft", None, state["etag"]).status == 200


def test_every_answer_with_a_draft_carries_its_tag(server: Served):
    shown = ask(server, "GET", "/pipelines/shop/draft")
    assert shown.header("etag") == shown.json["etag"]
    for path, body in (("edits", titled(shown.json["revision"], "Once more")), ("save", {})):
        answer = ask(server, "POST", f"/pipelines/shop/draft/{path}", body, shown.header("etag"))
        shown = ask(server, "GET", "/pipelines/shop/draft")
        assert answer.status == 200 and answer.header("etag") == answer.json["etag"] == shown.header("etag")


def test_the_heading_is_changed_in_the_file_while_a_draft_stays_one(server: Served):
    state = draft(server)
    edits = [{"op": "set", "path": ["nodes", "many", "config", "where"], "value": "quantity > 6"}]
    ask(server, "POST", "/pipelines/shop/draft/edits", {"revision": state["revision"], "edits": edits})
    answer = ask(server, "PATCH", "/pipelines/shop", {"title": "A large shop", "active": False})
    assert answer.status == 200 and answer.json["saved"] is False
    text = file_of(server).read_text("utf-8")
    assert "title: A large shop" in text and "quantity > 5" in text and "active: false" in text
    after = draft(server)
    assert after["conflict"] is None and after["revision"] == state["revision"] + 2
    assert "title: A large shop" in after["text"] and "quantity > 6" in after["text"]
    assert ask(server, "POST", "/pipelines/shop/draft/save", {}).status == 200
    assert file_of(server).read_text("utf-8") == after["text"]


def test_the_heading_is_not_changed_where_the_open_draft_changes_it_too(server: Served):
    state = edited(server, "Theirs")
    answer = ask(server, "PATCH", "/pipelines/shop", {"title": "Mine"})
    assert answer.status == 409 and "title" in answer.json["what"] and answer.json["draft"]["text"] == state["text"]
    assert draft(server) == state and file_of(server).read_text("utf-8") == SHOP


def test_a_file_that_was_renamed_outside_is_not_overwritten_by_a_draft(server: Served):
    edited(server, "Mine")
    outside = SHOP.replace("name: shop", "name: store").replace("A small shop", "Theirs")
    file_of(server).write_text(outside, "utf-8")
    refused = ask(server, "POST", "/pipelines/shop/draft/save", {})
    assert refused.status == 409 and "title: Theirs" in refused.json["draft"]["conflict"]["text"]
    assert file_of(server).read_text("utf-8") == outside
    assert ask(server, "DELETE", "/pipelines/shop").status == 200
    assert file_of(server).read_text("utf-8") == outside


def test_what_is_deleted_is_kept_as_versions(server: Served):
    state = edited(server, "Not saved")
    assert ask(server, "DELETE", "/pipelines/shop").status == 200
    kept = [item["id"] for item in ask(server, "GET", "/pipelines/shop/versions").json["items"]]
    texts = {ask(server, "GET", f"/pipelines/shop/versions/{id}").json["text"] for id in kept}
    assert texts == {SHOP, state["text"]}


def test_a_version_is_one_of_the_pipeline_of_the_address(server: Served):
    version = ask(server, "POST", "/pipelines/shop/draft/save", {}).json["version"]
    path = f"/versions/{version}"
    assert ask(server, "GET", f"/pipelines/shop{path}").json["text"] == SHOP
    for name in ("large", "whatever"):
        for method, rest, body in (
            ("GET", path, None),
            ("POST", f"{path}/restore", None),
            ("POST", "/execute", {"version": version}),
            ("POST", "/preview", {"version": version, "node": "many"}),
            ("POST", "/diff", {"a": version, "b": "file"}),
        ):
            answer = ask(server, method, f"/pipelines/{name}{rest}", body)
            assert (answer.status, answer.json["code"]) == (404, "RNL-VERSION-001"), (name, rest)
    assert draft(server, "large")["text"] == LARGE


def test_two_files_of_one_text_have_the_version_both(server: Served):
    (server.state.root / "twin.runnel.yaml").write_text(SHOP, "utf-8")
    first = ask(server, "POST", "/pipelines/shop/draft/save", {}).json["version"]
    assert ask(server, "POST", "/pipelines/twin/draft/save", {}).json["version"] == first
    assert ask(server, "GET", f"/pipelines/twin/versions/{first}").status == 200


@pytest.mark.parametrize(
    "edit", [{}, {"op": "boom", "path": []}, {"op": "set", "path": 5}, {"op": "set", "path": [[]]}]
)
def test_edits_that_are_none_are_told_so(server: Served, edit: dict[str, Any]):
    answer = ask(server, "POST", "/pipelines/shop/preview", {"node": "many", "edits": [edit]})
    assert answer.status == 422 and answer.json["errors"][0]["field"].startswith("edits")


def test_the_times_of_versions_have_a_zone(server: Served):
    ask(server, "POST", "/pipelines/shop/draft/save", {})
    (item,) = ask(server, "GET", "/pipelines/shop/versions").json["items"]
    assert item["created_at"].endswith("+00:00")


def test_texts_are_read_and_written_outside_of_the_loop(server: Served, monkeypatch: pytest.MonkeyPatch):
    from runnel.app import pipeline_files
    from runnel.server.routes import pipelines

    seen: set[bool] = set()

    def watched(work: Any) -> Any:
        def inner(*given: Any, **named: Any) -> Any:
            seen.add(threading.current_thread() is threading.main_thread())
            return work(*given, **named)

        return inner

    monkeypatch.setattr(pipeline_files, "read", watched(pipeline_files.read))
    monkeypatch.setattr(pipelines, "mapping_to_yaml", watched(pipelines.mapping_to_yaml))
    tag = ask(server, "GET", "/pipelines/shop").header("etag")
    document = {"runnel": 1, "name": "shop", "title": "By values", "nodes": {}}
    version = ask(server, "PUT", "/pipelines/shop", {"document": document}, tag).json["version"]
    state = edited(server, "Edited")
    put = {"text": state["text"] + "\n", "revision": state["revision"]}
    for method, path, body, status in (
        ("PUT", "/pipelines/shop/draft", put, 200),
        ("POST", "/pipelines/shop/draft/resolve", {"choice": "mine"}, 200),
        ("DELETE", "/pipelines/shop/draft", None, 200),
        ("PATCH", "/pipelines/shop", {"title": "Patched"}, 200),
        ("GET", f"/pipelines/shop/versions/{version}", None, 200),
        ("POST", f"/pipelines/shop/versions/{version}/restore", None, 200),
        ("POST", "/pipelines", {"title": "New"}, 201),
        ("POST", "/pipelines/import", {"text": LARGE}, 201),
        ("POST", "/pipelines/shop/clone", {}, 201),
    ):
        assert ask(server, method, path, body).status == status, path
    assert seen == {False}
