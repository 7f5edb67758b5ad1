"""A stream of 10,000 events a second in a real browser: how often its counters change, and how busy the page's own thread is.

    python -m benchmarks.ui_streams [--rate 10000] [--seconds 20]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from playwright.sync_api import Page, expect  # noqa: E402

from browsing import Robot, browser, open_context  # noqa: E402
from running import Running, running, until  # noqa: E402

BUSY_LIMIT, LEAST_CHANGES, MOST_CHANGES = 0.25, 2.0, 4.0
PIPELINE = """\
runnel: 1
name: fast
nodes:
  events:
    kind: source.simulate
    config: {columns: {id: sequence, turbine: "choice(a,b,c,d,e,f)", state: "choice(run,run,run,stop)",
                       power: "number(0,4000)", wind: "number(5,15)"}, rate_per_second: RATE, partitions: 4,
             watermark_delay_seconds: 1}
  running:
    kind: table.filter
    from: events
    config: {where: "state = 'run'"}
  worth:
    kind: table.derive
    from: running
    config: {columns: {ratio: power / wind}}
  means:
    kind: stream.window
    from: worth
    config: {size_seconds: 1, group_by: [turbine], values: {power: avg(power), n: count(*)}}
  low:
    kind: table.filter
    from: means
    config: {where: "power < 2000"}
  saved:
    kind: sink.dataset
    from: means
    config: {name: means, mode: append}
  bars:
    kind: chart.bar
    from: means
    config: {x: turbine, y: n}
  line:
    kind: chart.line
    from: low
    config: {x: window_start, y: power, series: turbine}
"""
CHANGES = """(seconds) => new Promise((done) => {
  const shown = [...document.querySelectorAll('[data-testid="wire-rate"]')];
  const counts = shown.map(() => 0);
  const watches = shown.map((one, at) => { const watch = new MutationObserver(() => counts[at]++);
    watch.observe(one, {attributes: true, attributeFilter: ['title']}); return watch; });
  setTimeout(() => { watches.forEach((one) => one.disconnect()); done(Math.max(...counts) / seconds); }, seconds * 1000); })"""


def measured(page: Page, seconds: float) -> dict[str, float]:
    """Return changes a second of the counter that changes most, and the share of time that the main thread was busy."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "timeTicks"})

    def metrics() -> dict[str, float]:
        return {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}

    before = metrics()
    changes = page.evaluate(CHANGES, seconds)
    after = metrics()
    span = after["Timestamp"] - before["Timestamp"]
    session.detach()
    parts = {name: (after[name] - before[name]) / span for name in ("TaskDuration", "ScriptDuration", "LayoutDuration")}
    return {"changes_per_second": changes, "busy": parts["TaskDuration"], "script": parts["ScriptDuration"],
            "layout": parts["LayoutDuration"], "heap_mb": after["JSHeapUsedSize"] / 1e6}  # fmt: skip


def run(server: Running, rate: int, seconds: float) -> dict[str, object]:
    """Start the stream and measure the editor: with the panel of data, and with a tap."""
    server.post("/pipelines", {"name": "fast", "document": PIPELINE.replace("RATE", str(rate))})
    server.post("/streams/fast/start")
    until(lambda: server.api.get("/streams/fast").json().get("status") == "running", 60)
    with browser() as chrome:
        robot = Robot(open_context(chrome).new_page(), server.url)
        robot.page.goto(server.link)
        robot.edit("fast")
        expect(robot.get("wire-rate").first).to_be_visible(timeout=30_000)
        time.sleep(3)
        canvas = measured(robot.page, seconds)
        robot.page.locator(".wire-label-stream").nth(1).click()
        expect(robot.get("tap").get_by_test_id("grid")).to_be_visible(timeout=30_000)
        time.sleep(2)
        tap = measured(robot.page, seconds)
    status = server.get("/streams/fast")
    server.post("/streams/fast/drain")
    return {"canvas": canvas, "tap": tap, "events_per_second": status["events_per_second"], "lag": status["lag"]}


def main() -> int:
    """Measure, print the figures and whether they hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="runnel-bench-") as folder, running(Path(folder)) as server:
        found = run(server, given.rate, given.seconds)
    canvas = found["canvas"]
    assert isinstance(canvas, dict)
    good = canvas["busy"] <= BUSY_LIMIT and LEAST_CHANGES <= canvas["changes_per_second"] <= MOST_CHANGES
    sys.stdout.write(json.dumps({**found, "rate": given.rate, "good": good}, indent=1) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
