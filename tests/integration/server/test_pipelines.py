"""Pipelines over HTTP: listed, made, edited by commands, saved, exchanged, cloned, deleted, and never overwritten."""

from __future__ import annotations

import pytest

from integration.server.conftest import SHOP
from running import Running, until


def edit(server: Running, revision: int, *edits: dict, name: str = "shop"):
    return server.api.post(f"/pipelines/{name}/draft/edits", json={"revision": revision, "edits": list(edits)})


@pytest.mark.row("M-002-52", "M-003-137", "M-003-481", "M-003-134")
def test_a_pipeline_is_made_read_changed_listed_and_deleted(shop: Running):
    made = shop.post("/pipelines", {"title": "Two numbers", "description": "for a test"})
    name = made["name"]
    assert (name, made["revision"], made["saved"]) == ("two_numbers", 0, True)
    listed = {item["name"]: item for item in shop.get("/pipelines")["items"]}
    assert listed[name]["description"] == "for a test" and listed["shop"]["nodes"] == 5
    changed = shop.api.patch(f"/pipelines/{name}", json={"title": "Three numbers"}).json()
    assert changed["document"]["title"] == "Three numbers"
    assert (shop.root / f"{name}.runnel.yaml").read_text("utf-8").count("Three numbers") == 1
    assert shop.api.delete(f"/pipelines/{name}").status_code == 200
    assert not (shop.root / f"{name}.runnel.yaml").exists()
    assert shop.api.get(f"/pipelines/{name}").status_code == 404


def test_two_pipelines_cannot_have_one_name(shop: Running):
    answer = shop.api.post("/pipelines", json={"name": "shop"})
    assert answer.status_code == 409 and answer.json()["code"] == "RNL-PIPELINE-003"


@pytest.mark.row("M-003-374")
def test_a_name_that_is_no_slug_is_refused_with_one_that_is(shop: Running):
    answer = shop.api.post("/pipelines", json={"name": "../My Shop"})
    assert answer.status_code == 422 and "my_shop" in answer.json()["hint"]
    assert not list(shop.root.parent.glob("*My Shop*"))


def test_a_command_changes_the_draft_and_leaves_comments_and_the_file_alone(shop: Running):
    draft = shop.get("/pipelines/shop/draft")
    where = {"op": "set", "path": ["nodes", "many", "config", "where"], "value": "quantity > 6"}
    answer = edit(shop, draft["revision"], where).json()
    assert answer["revision"] == draft["revision"] + 1 and answer["saved"] is False
    text = shop.get("/pipelines/shop/draft")["text"]
    assert "# more than a handful" in text and "quantity > 6" in text
    assert (shop.root / "shop.runnel.yaml").read_text("utf-8") == SHOP


def test_a_command_on_an_old_revision_is_refused_with_the_present_draft(shop: Running):
    revision = shop.get("/pipelines/shop/draft")["revision"]
    first = {"op": "set", "path": ["title"], "value": "First"}
    assert edit(shop, revision, first).status_code == 200
    late = edit(shop, revision, {"op": "set", "path": ["title"], "value": "Late"})
    assert late.status_code == 412
    assert late.json()["draft"]["document"]["title"] == "First"
    assert shop.get("/pipelines/shop/draft")["document"]["title"] == "First"


@pytest.mark.row("M-003-211")
def test_saving_writes_the_file_and_a_version_and_any_version_comes_back(shop: Running):
    revision = shop.get("/pipelines/shop/draft")["revision"]
    edit(shop, revision, {"op": "set", "path": ["nodes", "many", "config", "where"], "value": "quantity > 8"})
    saved = shop.post("/pipelines/shop/draft/save")
    assert "quantity > 8" in (shop.root / "shop.runnel.yaml").read_text("utf-8")
    versions = shop.get("/pipelines/shop/versions")["items"]
    assert versions[0]["id"] == saved["version"] and versions[0]["author"] == "local"
    edit(shop, saved["revision"], {"op": "set", "path": ["title"], "value": "Other"})
    shop.post("/pipelines/shop/draft/save")
    found = shop.post("/pipelines/shop/diff", {"a": saved["version"], "b": "file"})
    assert not found["empty"] and "Other" in str(found)


@pytest.mark.row("M-003-215")
def test_an_earlier_version_is_rolled_back_to(shop: Running):
    first = shop.post("/pipelines/shop/draft/save")["version"]
    revision = shop.get("/pipelines/shop/draft")["revision"]
    edit(shop, revision, {"op": "delete", "path": ["nodes", "chart"]})
    shop.post("/pipelines/shop/draft/save")
    assert "chart" not in shop.get("/pipelines/shop/draft")["document"]["nodes"]
    restored = shop.post(f"/pipelines/shop/versions/{first}/restore")
    assert "chart" in restored["document"]["nodes"] and restored["saved"] is False
    shop.post("/pipelines/shop/draft/save")
    assert (shop.root / "shop.runnel.yaml").read_text("utf-8") == SHOP


@pytest.mark.parametrize("choice", ["mine", "theirs", "copy"])
def test_a_file_changed_outside_is_a_conflict_that_loses_nothing(shop: Running, choice: str):
    path = shop.root / "shop.runnel.yaml"
    revision = shop.get("/pipelines/shop/draft")["revision"]
    edit(shop, revision, {"op": "set", "path": ["title"], "value": "Mine"})
    path.write_text(SHOP.replace("A small shop", "Theirs"), "utf-8")
    refused = shop.api.post("/pipelines/shop/draft/save", json={})
    assert refused.status_code == 409 and refused.json()["code"] == "RNL-DRAFT-002"
    conflict = refused.json()["draft"]["conflict"]
    assert conflict["document"]["title"] == "Theirs" and "-title: Theirs" in conflict["difference"]
    assert "title: Theirs" in path.read_text("utf-8")
    settled = shop.post("/pipelines/shop/draft/resolve", {"choice": choice})
    assert settled["conflict"] is None
    shop.post("/pipelines/shop/draft/save")
    kept = path.read_text("utf-8")
    assert ("title: Mine" in kept) == (choice == "mine")
    if choice == "copy":
        copy = shop.get("/pipelines/shop_copy")
        assert copy["title"] == "Mine"
        shop.api.delete("/pipelines/shop_copy")


def test_a_file_changed_outside_is_shown_at_once_where_nobody_edits_it(shop: Running):
    before = shop.get("/pipelines/shop/draft")
    (shop.root / "shop.runnel.yaml").write_text(SHOP.replace("A small shop", "From outside"), "utf-8")
    after = shop.get("/pipelines/shop/draft")
    assert after["document"]["title"] == "From outside" and after["conflict"] is None
    assert after["etag"] != before["etag"]


def test_an_outside_change_is_told_within_two_seconds(shop: Running):
    with shop.api.stream("GET", "/events", params={"topics": "pipelines"}) as events:
        lines = events.iter_lines()
        (shop.root / "shop.runnel.yaml").write_text(SHOP.replace("A small shop", "Told"), "utf-8")
        found = next(line for line in lines if '"pipeline.changed"' in line and '"shop"' in line)
    assert '"outside":true' in found


@pytest.mark.row("M-003-212")
def test_a_clone_has_the_draft_and_a_name_of_its_own(shop: Running):
    revision = shop.get("/pipelines/shop/draft")["revision"]
    edit(shop, revision, {"op": "set", "path": ["nodes", "many", "config", "where"], "value": "quantity > 1"})
    made = shop.post("/pipelines/shop/clone")
    assert made["name"] == "shop_copy" and "quantity > 1" in made["text"] and "# orders of a small shop" in made["text"]
    shop.api.delete("/pipelines/shop_copy")


def test_a_pipeline_travels_as_yaml_and_nothing_in_it_is_run(shop: Running):
    text = shop.api.get("/pipelines/shop/export").text
    runs = shop.get("/runs")["total"]
    made = shop.post("/pipelines/import", {"text": text})
    assert made["name"] == "shop_2" and made["text"].replace("shop_2", "shop") == text
    assert shop.get("/runs")["total"] == runs
    shop.api.delete("/pipelines/shop_2")


@pytest.mark.row("M-003-210")
def test_deleting_names_what_uses_the_pipeline_and_refuses(shop: Running):
    reader = "runnel: 1\nname: reader\nnodes:\n  a:\n    kind: source.dataset\n    config: {name: revenue}\n"
    shop.post("/pipelines/import", {"text": reader})
    uses = shop.get("/pipelines/shop/uses")["used_by"]
    assert [use["name"] for use in uses] == ["reader"] and "revenue" in uses[0]["why"]
    refused = shop.api.delete("/pipelines/shop")
    assert refused.status_code == 409 and (shop.root / "shop.runnel.yaml").exists()
    shop.api.delete("/pipelines/reader")


def test_a_write_without_if_match_is_refused_and_a_stale_one_too(shop: Running):
    body = {"text": SHOP.replace("A small shop", "Put")}
    assert shop.api.put("/pipelines/shop", json=body).status_code == 428
    tag = shop.api.get("/pipelines/shop").headers["etag"]
    assert shop.api.put("/pipelines/shop", json=body, headers={"If-Match": '"old"'}).status_code == 412
    assert shop.api.put("/pipelines/shop", json=body, headers={"If-Match": tag}).status_code == 200
    assert "title: Put" in (shop.root / "shop.runnel.yaml").read_text("utf-8")


@pytest.mark.row("M-003-118", "M-003-229")
def test_a_template_opens_with_its_data_and_a_name_that_is_free(shop: Running):
    templates = shop.get("/templates")
    assert len(templates["items"]) >= 12
    assert set(templates["categories"]) == {
        "Data Migration", "Real-time Sync", "Data Transformation", "Aggregation & Analytics"
    }  # fmt: skip
    charts = shop.get("/templates/weather/charts")["charts"]
    assert charts and charts[0]["rows"]
    first = shop.post("/pipelines", {"from": {"template": "unified_orders"}})
    second = shop.post("/pipelines", {"from": {"template": "unified_orders"}})
    assert (first["name"], second["name"]) == ("unified_orders", "unified_orders_2")
    for made in (first, second):
        found = shop.post(f"/pipelines/{made['name']}/chart", {"node": "revenue"})
        assert found["rows"][0][0] == "Docking Station"
        shop.api.delete(f"/pipelines/{made['name']}")


def test_the_list_is_searched_filtered_and_sorted(shop: Running):
    assert [item["name"] for item in shop.get("/pipelines", search="small")["items"]] == ["shop"]
    assert shop.get("/pipelines", search="nothing like it")["items"] == []
    assert shop.api.get("/pipelines", params={"sort": "colour"}).status_code == 422
    until(lambda: shop.run("shop")["status"] == "success")
    assert "shop" in [item["name"] for item in shop.get("/pipelines", status="success")["items"]]


FOLLOWED = """\
runnel: 1
name: followed
nodes:
  read:
    kind: source.rows
    config: {rows: [{id: 1, customer: a, price: 2}, {id: 2, customer: b, price: 3}]}
  named:
    kind: table.rename
    from: read
    config: {columns: {customer: client}}
  kept:
    kind: table.filter
    from: named
    config: {where: "client <> 'client' and price > 1"}
  sorted:
    kind: table.sort
    from: kept
    config: {by: [-client, id]}
  chosen:
    kind: table.select
    from: sorted
    config: {columns: [client, price]}
  totals:
    kind: table.aggregate
    from: chosen
    config: {group_by: [client], values: {spent: "sum(price)"}}
"""


def test_renaming_a_column_offers_the_edits_of_every_later_use_and_the_result_is_valid(shop: Running):
    shop.post("/pipelines/import", {"text": FOLLOWED})
    revision = shop.get("/pipelines/followed/draft")["revision"]
    edit_ = {"op": "set", "path": ["nodes", "named", "config", "columns", "customer"], "value": "buyer"}
    revision = edit(shop, revision, edit_, name="followed").json()["revision"]
    broken = shop.post("/pipelines/followed/validate")["findings"]
    assert any(found["severity"] == "error" for found in broken)
    offer = shop.post("/pipelines/followed/follow", {"node": "named", "before": {"columns": {"customer": "client"}}})
    assert offer["renames"] == [{"from": "client", "to": "buyer"}]
    assert offer["nodes"] == ["kept", "sorted", "chosen", "totals"]
    assert edit(shop, revision, *offer["edits"], name="followed").status_code == 200
    after = shop.post("/pipelines/followed/validate")["findings"]
    assert not [found for found in after if found["severity"] == "error"]
    text = shop.get("/pipelines/followed/draft")["text"]
    assert "buyer <> 'client'" in text and "-buyer" in text
    shop.api.delete("/pipelines/followed")
