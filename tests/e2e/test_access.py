"""Who may do what: login, setup, users, viewers without buttons, the page of denied access."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from browsing import Robot, Watch, open_context, sales_csv
from building import fresh_folder
from running import Running, running

PASSWORD = "correct horse battery"
TEXT = "runnel: 1\nname: seen\ntitle: Seen\nnodes:\n  sales:\n    kind: source.file\n    config: {path: sales_2k.csv}\n"


@pytest.fixture(scope="module")
def peopled() -> Iterator[Running]:
    """A server with an admin, an editor and a viewer."""
    with fresh_folder() as folder:
        (folder / "sales_2k.csv").write_text(sales_csv(200), "utf-8")
        with running(folder) as made:
            made.post("/pipelines", {"name": "seen", "document": TEXT})
            made.post("/users", {"username": "ada", "password": PASSWORD, "role": "admin"})
            made.post("/users", {"username": "eve", "password": PASSWORD, "role": "editor"})
            made.post("/users", {"username": "vic", "password": PASSWORD, "role": "viewer"})
            yield made


def signed(chrome: Browser, server: Running, name: str) -> tuple[BrowserContext, Robot, Watch]:
    """Return a browser in which somebody has signed in by the form."""
    watch = Watch()
    watch.allow("401")
    context = open_context(chrome, watch)
    robot = Robot(context.new_page(), server.url)
    robot.go("/")
    robot.enter(robot.page.get_by_label("User name"), name)
    robot.enter(robot.page.get_by_label("Password"), PASSWORD)
    robot.click(robot.page.get_by_role("button", name="Sign in"))
    expect(robot.page.get_by_role("navigation", name="Sections")).to_be_visible()
    return context, robot, watch


@pytest.mark.row("M-003-136", "M-003-261", "M-003-379", "M-003-392", "M-003-422", "M-003-452")
def test_a_viewer_sees_no_button_that_changes_anything_and_is_told_who_may(chrome: Browser, peopled: Running) -> None:
    context, robot, watch = signed(chrome, peopled, "vic")
    page = robot.page
    expect(robot.get("drop-zone")).to_have_count(0)
    robot.go("/pipelines")
    expect(robot.get("pipeline-row").first).to_be_visible()
    assert page.get_by_role("button", name="New pipeline").count() == 0
    robot.go("/pipelines/seen")
    expect(robot.node("sales")).to_be_visible()
    for testid in ("run", "share"):
        expect(robot.get(testid)).to_have_count(0)
    robot.click(robot.node("sales"))
    robot.ready(200)
    robot.press("Delete")
    robot.press("Tab")
    expect(robot.get("add-menu")).to_have_count(0)
    expect(robot.node("sales")).to_be_visible()
    robot.go("/files")
    expect(robot.get("file-row").first).to_be_visible()
    assert page.get_by_role("button", name="Upload files").count() == 0
    robot.go("/transformations")
    expect(page.get_by_role("main")).to_be_visible()
    assert page.get_by_role("button", name="New transformation").count() == 0
    robot.go("/settings/users")
    denied = robot.get("access-denied")
    expect(denied).to_contain_text("viewer")
    expect(denied).to_contain_text("admin")
    context.close()
    assert watch.unexpected() == []


@pytest.mark.row("M-003-452")
def test_an_editor_works_but_does_not_manage_users(chrome: Browser, peopled: Running) -> None:
    context, robot, watch = signed(chrome, peopled, "eve")
    robot.go("/pipelines/seen")
    expect(robot.get("run")).to_be_visible()
    robot.go("/settings/audit")
    expect(robot.get("access-denied")).to_be_visible()
    context.close()
    assert watch.unexpected() == []


@pytest.mark.row("M-003-444", "M-003-452")
def test_an_admin_makes_a_user_who_signs_in_and_changes_the_password(chrome: Browser, peopled: Running) -> None:
    context, robot, watch = signed(chrome, peopled, "ada")
    robot.go("/settings/users")
    page = robot.page
    robot.enter(page.get_by_label("User name"), "new")
    robot.enter(page.get_by_label("Password"), PASSWORD)
    robot.click(page.get_by_role("button", name="Create user"))
    expect(robot.get("user-row", name="new")).to_be_visible()
    context.close()
    assert watch.unexpected() == []
    context, robot, watch = signed(chrome, peopled, "new")
    robot.go("/settings/password")
    page = robot.page
    robot.enter(page.get_by_label("Current password"), PASSWORD)
    robot.enter(page.get_by_label("New password", exact=True), "short")
    expect(page.get_by_text("At least 8 characters")).to_be_visible()
    robot.enter(page.get_by_label("New password", exact=True), "another good one")
    robot.enter(page.get_by_label("New password again"), "another good one")
    robot.click(page.get_by_role("button", name="Change password"))
    expect(robot.get("toast").first).to_contain_text("Password changed")
    context.close()
    assert watch.unexpected() == []


def test_a_wrong_password_is_refused_in_words(chrome: Browser, peopled: Running) -> None:
    context = open_context(chrome)
    robot = Robot(context.new_page(), peopled.url)
    robot.go("/")
    robot.enter(robot.page.get_by_label("User name"), "ada")
    robot.enter(robot.page.get_by_label("Password"), "wrong")
    robot.click(robot.page.get_by_role("button", name="Sign in"))
    expect(robot.page.get_by_role("alert")).to_be_visible()
    context.close()
