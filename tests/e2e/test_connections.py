"""The page of connections and the picker of a node, by hand: made, tried step by step, picked, kept while in use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect
from tools.services import mosquitto as broker

import running as programs
from browsing import Robot, open_context
from building import fresh_folder
from naming import FLOW, plugin
from running import Running, running

SECRET = "canary-geheim-81q"
AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server that may connect to this machine, with a kind that names a connection."""
    with fresh_folder() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setitem(programs.ENVIRONMENT, "PYTHONPATH", str(plugin(folder / ".plugin")))
        (folder / "runnel.toml").write_text('egress_allow = ["127.0.0.1"]\n', "utf-8")
        (folder / "flow.runnel.yaml").write_text(FLOW, "utf-8")
        with running(folder) as made:
            yield made


@pytest.fixture(autouse=True)
def _fresh(server: Running) -> None:
    server.api.delete("/pipelines/flow/draft")
    (server.root / "flow.runnel.yaml").write_text(FLOW.replace("connection: shop", "connection: none"), "utf-8")
    for item in server.get("/connections")["items"]:
        server.api.delete(f"/connections/{item['name']}")
    (server.root / "flow.runnel.yaml").write_text(FLOW, "utf-8")


def field(robot: Robot, name: str) -> Locator:
    return robot.page.locator(f"[data-testid=field][data-name={name}]").locator("input, textarea, select").first


def step(robot: Robot, name: str, state: str) -> Locator:
    return robot.page.locator(f"[data-testid=connection-step][data-name={name}][data-state={state}]")


def shop(server: Running, name: str = "shop", **change: Any) -> None:
    config = {"host": "127.0.0.1", "port": 1, "database": "shop", "user": "reader", "password": SECRET, **change}
    server.post("/connections", {"name": name, "type": "postgres", "config": config})


def begin(robot: Robot, kind: str) -> None:
    robot.page.goto(f"{robot.base}/connections")
    robot.click(robot.page.get_by_role("button", name="Add connection"))
    robot.click(f"[data-testid=connector][data-kind={kind}]")


@pytest.mark.row("M-002-50", "M-002-51")
def test_a_connection_is_made_and_its_test_names_the_step_and_the_fix_within_five_seconds(robot: Robot, server: Running) -> None:
    begin(robot, "postgres")
    expect(robot.page.get_by_test_id("save-connection")).to_be_disabled()
    for name, text in (("host", "127.0.0.1"), ("port", "1"), ("database", "shop"), ("user", "reader"), ("password", SECRET)):
        robot.enter(field(robot, name), text)
    begun = time.monotonic()
    robot.click("[data-testid=test-connection]")
    expect(step(robot, "resolve", "ok")).to_be_visible()
    expect(step(robot, "connect", "failed")).to_be_visible()
    assert time.monotonic() - begun < 5
    expect(robot.page.get_by_test_id("connection-fix")).to_contain_text("Nothing listens there")
    expect(step(robot, "read", "waiting")).to_be_visible()
    assert SECRET not in robot.page.content()
    robot.click("[data-testid=save-connection]")
    row = robot.page.locator("[data-testid=connection-row][data-name=postgres]")
    expect(row).to_contain_text("reader@127.0.0.1:1/shop")
    assert SECRET not in robot.page.content() and server.get("/connections/postgres")["secret_fields"] == ["password"]
    stored = robot.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert SECRET not in stored


def test_a_broker_that_answers_gets_four_ticks_and_the_list_says_when(robot: Robot, server: Running, mosquitto) -> None:
    host, port = mosquitto.address.split(":")
    begin(robot, "mqtt")
    for name, text in (("host", host), ("port", port), ("username", broker.USER), ("password", broker.PASSWORD)):
        robot.enter(field(robot, name), text)
    robot.click("[data-testid=test-connection]")
    expect(robot.page.locator("[data-testid=connection-step][data-state=ok]")).to_have_count(4)
    robot.click("[data-testid=save-connection]")
    row = robot.page.locator("[data-testid=connection-row][data-name=mqtt]")
    expect(row).to_contain_text("not tested")
    robot.click(row.get_by_role("button", name="Test"))
    expect(robot.page.locator("[data-testid=connection-test][data-state=ok]")).to_be_visible()
    robot.press("Escape")
    expect(row).to_contain_text("works")
    assert broker.PASSWORD not in robot.page.content()


def test_fields_that_do_not_matter_are_not_shown_and_options_that_do_not_fit_are_marked(robot: Robot, watch) -> None:
    watch.allow(r"422 .*/connections|status of 422")
    begin(robot, "kafka")
    expect(field(robot, "password")).to_have_count(0)
    robot.click(robot.page.get_by_role("radio", name="Login, open").or_(robot.page.get_by_role("button", name="Login, open")).first)
    expect(field(robot, "password")).to_be_visible()
    expect(field(robot, "ca_certificate")).to_have_count(0)
    robot.enter(field(robot, "bootstrap_servers"), "no port here")
    robot.enter(field(robot, "username"), "u")
    robot.click("[data-testid=save-connection]")
    servers = robot.page.locator("[data-testid=field][data-name=bootstrap_servers]")
    expect(servers).to_contain_text("host:port")
    expect(servers).to_have_attribute("data-state", "error")


def test_a_change_keeps_the_secret_and_another_host_asks_for_it_anew(robot: Robot, server: Running, watch) -> None:
    watch.allow(r"422 .*/connections|status of 422")
    shop(server)
    robot.page.goto(f"{robot.base}/connections")
    robot.click(robot.page.get_by_role("button", name="shop", exact=True))
    expect(field(robot, "password")).to_have_attribute("placeholder", "Kept. Write to replace it.")
    robot.enter(field(robot, "database"), "other")
    robot.click("[data-testid=save-connection]")
    expect(robot.page.get_by_test_id("connection-panel")).to_have_count(0)
    found = server.get("/connections/shop")
    assert found["config"]["database"] == "other" and found["secret_fields"] == ["password"]
    robot.click(robot.page.get_by_role("button", name="shop", exact=True))
    robot.enter(field(robot, "host"), "evil.example")
    robot.click("[data-testid=save-connection]")
    expect(robot.page.locator("[data-testid=field][data-name=password]")).to_contain_text("needed anew")
    assert server.get("/connections/shop")["config"]["host"] == "127.0.0.1"


def test_what_is_in_use_is_not_deleted_and_says_by_what(robot: Robot, server: Running) -> None:
    shop(server)
    shop(server, "spare")
    robot.page.goto(f"{robot.base}/connections")
    row = robot.page.locator("[data-testid=connection-row][data-name=shop]")
    expect(row).to_contain_text("Orders to the shop")
    robot.click(row.get_by_role("button", name="More about shop"))
    robot.click("[data-item=delete]")
    expect(robot.page.get_by_test_id("connection-in-use")).to_contain_text("Orders to the shop")
    robot.click(robot.page.get_by_test_id("connection-in-use").get_by_role("button", name="Close").last)
    robot.click(robot.page.get_by_role("button", name="More about spare"))
    robot.click("[data-item=delete]")
    robot.click("[data-testid=confirm-delete]")
    expect(robot.page.locator("[data-testid=connection-row][data-name=spare]")).to_have_count(0)
    assert [item["name"] for item in server.get("/connections")["items"]] == ["shop"]


def test_a_node_picks_a_connection_makes_one_and_tries_it(robot: Robot, server: Running) -> None:
    robot.page.goto(f"{robot.base}/pipelines/flow?node=shadow")
    picker = robot.page.get_by_test_id("connection-picker")
    expect(picker.locator("select")).to_have_value("shop")
    expect(robot.page.locator("[data-testid=finding][data-code=RNL-CONN-001]").first).to_be_visible()
    robot.click(picker.get_by_test_id("new-connection"))
    for name, text in (("host", "127.0.0.1"), ("port", "1"), ("database", "shop"), ("user", "reader"), ("password", SECRET)):
        robot.enter(robot.page.get_by_test_id("connection-form").locator(f"[data-name={name}] input").first, text)
    robot.click("[data-testid=save-connection]")
    expect(picker.locator("select")).to_have_value("postgres")
    expect(picker).to_contain_text("reader@127.0.0.1:1/shop")
    expect(robot.page.locator("[data-testid=finding][data-code=RNL-CONN-001]")).to_have_count(0)
    robot.click(picker.get_by_test_id("test-picked"))
    expect(step(robot, "connect", "failed")).to_be_visible()
    expect(robot.page.get_by_test_id("saved")).to_have_attribute("data-state", "saved")
    draft = server.get("/pipelines/flow/draft")
    assert draft["document"]["nodes"]["shadow"]["config"] == {"connection": "postgres"} and SECRET not in draft["text"]
    assert SECRET not in robot.page.content()



@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_axe_finds_nothing_serious_in_the_form_and_its_test(chrome: Browser, server: Running, signed_in: Any, theme: str) -> None:
    context = open_context(chrome, storage_state=signed_in, bypass_csp=True, reduced_motion="reduce")
    context.add_init_script(f"localStorage.setItem('runnel.theme', '{theme}')")
    robot = Robot(context.new_page(), server.url)
    begin(robot, "postgres")
    for name, text in (("host", "127.0.0.1"), ("port", "1"), ("database", "shop"), ("user", "reader")):
        robot.enter(field(robot, name), text)
    robot.click("[data-testid=test-connection]")
    expect(robot.page.locator("[data-testid=connection-test][data-state=failed]")).to_be_visible()
    robot.page.add_script_tag(path=AXE)
    answer = robot.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    context.close()
    assert [one["id"] for one in answer["violations"] if one["impact"] in ("serious", "critical")] == []


def test_the_page_and_the_form_fit_a_phone(chrome: Browser, server: Running, signed_in: Any) -> None:
    shop(server)
    context = open_context(chrome, storage_state=signed_in, viewport={"width": 390, "height": 844})
    robot = Robot(context.new_page(), server.url)
    begin(robot, "kafka")
    panel = robot.page.get_by_test_id("connection-panel")
    box = panel.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert panel.evaluate("(one) => [...one.querySelectorAll('*')].every((part) => part.getBoundingClientRect().right <= 391)")
    assert robot.page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_who_may_only_look_is_offered_no_change(chrome: Browser, server: Running) -> None:
    shop(server)
    server.post("/users", {"username": "ada", "password": "correct horse battery", "role": "admin"})
    server.post("/users", {"username": "vic", "password": "correct horse battery", "role": "viewer"})
    context = open_context(chrome)
    page = context.new_page()
    page.goto(f"{server.url}/connections")
    page.get_by_label("User name").fill("vic")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    row = page.locator("[data-testid=connection-row][data-name=shop]")
    expect(row).to_contain_text("reader@127.0.0.1:1/shop")
    expect(page.get_by_role("button", name="Add connection")).to_have_count(0)
    expect(row.get_by_role("button")).to_have_count(0)
    context.close()
