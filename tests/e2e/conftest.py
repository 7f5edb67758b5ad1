"""One browser a session, one server a module, one watched page a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from browsing import Robot, Watch, browser, open_context, sales_csv
from building import fresh_folder
from running import Running, running

PICTURES = Path("/tmp/runnel-e2e")
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    """The browser of the session."""
    with browser() as made:
        yield made


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server in a fresh folder with `sales_2k.csv` in it."""
    with fresh_folder() as folder:
        (folder / "sales_2k.csv").write_text(sales_csv(), "utf-8")
        with running(folder) as made:
            yield made


@pytest.fixture(scope="module")
def signed_in(chrome: Browser, server: Running) -> Any:
    """The cookies of a browser that came in by the printed link."""
    context = open_context(chrome)
    context.new_page().goto(server.link)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def watch() -> Watch:
    """What went wrong in the pages of this test."""
    return Watch()


@pytest.fixture
def robot(
    chrome: Browser, server: Running, signed_in: Any, watch: Watch, request: pytest.FixtureRequest
) -> Iterator[Robot]:
    """A hand on a page that came in by the printed link; whatever goes wrong in the page fails the test."""
    context = open_context(chrome, watch, storage_state=signed_in)
    made = Robot(context.new_page(), server.url)
    yield made
    problems = watch.unexpected()
    _picture(made, request)
    context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def pipeline(server: Running) -> Callable[..., str]:
    """Make a pipeline from YAML under a name of its own; returns the name."""

    def make(text: str, name: str) -> str:
        server.api.delete(f"/pipelines/{name}")
        answer = server.post("/pipelines", {"name": name, "document": text})
        return answer["name"]

    return make


def _picture(robot: Robot, request: pytest.FixtureRequest) -> None:
    report = getattr(request.node, "called", None)
    if report is not None and report.failed:
        PICTURES.mkdir(exist_ok=True)
        robot.page.screenshot(path=PICTURES / f"{request.node.name[:80]}.png")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep how the test went, for the picture of a failure."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call":
        item.called = report  # type: ignore[attr-defined]
