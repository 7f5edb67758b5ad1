"""Several people at one pipeline at once: one change after the other, each on the state that it was meant for."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from integration.server.asking import ask, at_once, draft, edited, file_of, titled, with_shop
from integration.server.conftest import SHOP
from runnel.app.drafting import StaleRevisionError
from runnel.server.workspace import workspace_of
from serving import Served

ROUNDS = 4


@pytest.fixture
def server() -> Iterator[Served]:
    """A server with the small shop and a large document."""
    with with_shop() as made:
        yield made


def test_of_several_edits_on_one_revision_one_is_accepted_and_the_others_are_told(server: Served):
    for turn in range(ROUNDS):
        revision = draft(server, "large")["revision"]
        edit = [("POST", "/pipelines/large/draft/edits", titled(revision, f"{turn} by {n}")) for n in range(6)]
        answers = at_once(server, *edit)
        assert sorted(answer.status for answer in answers) == [200, 412, 412, 412, 412, 412]
        winner = next(n for n, answer in enumerate(answers) if answer.status == 200)
        after = draft(server, "large")
        assert (after["document"]["title"], after["revision"]) == (f"{turn} by {winner}", revision + 1)
        assert all(f"by {winner}" in answer.json["draft"]["text"] for answer in answers if answer.status == 412)


def test_of_two_whole_texts_on_one_revision_one_is_accepted(server: Served, monkeypatch: pytest.MonkeyPatch):
    """Both look at the draft before either writes, unless one has to wait until the other has written."""
    drafting, drafts = workspace_of(server.state).drafting, server.state.store.drafts
    revision = edited(server, "Before")["revision"]
    meeting, met, looked = threading.Barrier(2), threading.local(), drafts.get

    def look(name: str) -> Any:
        found = looked(name)
        if not getattr(met, "once", False):
            met.once = True
            with contextlib.suppress(threading.BrokenBarrierError):
                meeting.wait(0.5)
        return found

    def put(text: str) -> str:
        try:
            return drafting.replace_text("shop", revision, text, "ada", None) and text
        except StaleRevisionError:
            return ""

    monkeypatch.setattr(drafts, "get", look)
    with ThreadPoolExecutor(2) as pool:
        kept = [text for text in pool.map(put, [SHOP + "# one\n", SHOP + "# two\n"]) if text]
    assert len(kept) == 1 and draft(server)["text"] == kept[0]


def test_an_edit_and_a_save_at_once_are_one_after_the_other_and_the_next_save_works(server: Served):
    for turn in range(ROUNDS * 2):
        revision = edited(server, f"before {turn}", "large")["revision"]
        save, edit = at_once(
            server,
            ("POST", "/pipelines/large/draft/save", {"revision": revision}),
            ("POST", "/pipelines/large/draft/edits", titled(revision, f"after {turn}")),
        )
        assert sorted((save.status, edit.status)) == [200, 412]
        assert ask(server, "POST", "/pipelines/large/draft/save", {}).status == 200
        kept = f"{'after' if edit.status == 200 else 'before'} {turn}"
        assert f"title: {kept}" in file_of(server, "large").read_text("utf-8")


def test_looking_while_somebody_saves_raises_no_revision(server: Served, monkeypatch: pytest.MonkeyPatch):
    """Somebody saves between the moment that the file is read and the moment that its draft is."""
    workspace = workspace_of(server.state)
    revision = edited(server, "Saved")["revision"]
    looked, saves = workspace.files.get, iter([lambda: workspace.drafting.save("shop", "ada", revision)])

    def look(name: str) -> Any:
        found = looked(name)
        next(saves, lambda: None)()
        return found

    monkeypatch.setattr(workspace.files, "get", look)
    state = draft(server)
    assert (state["revision"], state["document"]["title"], state["saved"]) == (revision + 1, "Saved", True)
    assert next(saves, None) is None


def test_of_several_who_make_a_pipeline_of_one_name_one_succeeds(server: Served):
    bodies = [{"name": "mine", "title": f"by {n}"} for n in range(6)]
    answers = at_once(server, *(("POST", "/pipelines", body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409, 409]
    winner = next(n for n, answer in enumerate(answers) if answer.status == 201)
    assert f"title: by {winner}" in file_of(server, "mine").read_text("utf-8")


@pytest.mark.parametrize("body", [{"title": "Same title"}, {"from": {"template": "unified_orders"}}])
def test_several_who_leave_the_name_open_get_one_each(server: Served, body: dict[str, Any]):
    answers = at_once(server, *[("POST", "/pipelines", body)] * 4)
    assert [answer.status for answer in answers] == [201] * 4
    assert len({answer.json["name"] for answer in answers} | {"shop", "large"}) == 6
    assert len({Path(answer.json["path"]).resolve() for answer in answers}) == 4
    for answer in answers:
        assert Path(answer.json["path"]).read_text("utf-8") == answer.json["text"]


@pytest.mark.parametrize("text", ["runnel: 1\nname: other\nnodes: {}\n", "# " + "x" * 5_000_000])
def test_making_a_pipeline_never_writes_over_a_file(server: Served, text: str):
    file_of(server, "x").write_text(text, "utf-8")
    for body in ({"name": "x"}, {"name": "x", "from": {"pipeline": "shop"}}):
        assert ask(server, "POST", "/pipelines", body).status == 409
    assert ask(server, "POST", "/pipelines/shop/clone", {"name": "x"}).status == 409
    assert ask(server, "POST", "/pipelines/import", {"name": "x", "text": SHOP}).status == 409
    assert file_of(server, "x").read_text("utf-8") == text


def test_a_name_that_leads_elsewhere_makes_nothing_anywhere(server: Served):
    before = sorted(server.state.root.parent.iterdir())
    for start in ({"template": "unified_orders"}, {"pipeline": "shop"}, {}):
        answer = ask(server, "POST", "/pipelines", {"name": "../elsewhere", "from": start})
        assert answer.status == 422 and answer.json["code"] == "RNL-PIPELINE-002"
    assert ask(server, "POST", "/pipelines/shop/clone", {"name": "a/b"}).status == 422
    assert sorted(server.state.root.parent.iterdir()) == before


def test_the_files_of_a_template_go_into_a_folder_that_was_not_there(server: Served):
    mine = server.state.root / "unified_orders"
    mine.mkdir()
    (mine / "unified_orders.runnel.yaml").write_text("runnel: 1\nname: my_own\nnodes: {}\n", "utf-8")
    made = ask(server, "POST", "/pipelines", {"from": {"template": "unified_orders"}}).json
    assert Path(made["path"]).parent.name == "unified_orders_files"
    assert [path.name for path in mine.iterdir()] == ["unified_orders.runnel.yaml"]
    assert "my_own" in (mine / "unified_orders.runnel.yaml").read_text("utf-8")


def test_a_draft_without_its_file_keeps_its_name(server: Served):
    edited(server, "Not lost")
    file_of(server).unlink()
    assert ask(server, "POST", "/pipelines", {"name": "shop"}).status == 409
    assert draft(server)["document"]["title"] == "Not lost"
