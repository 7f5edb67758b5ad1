"""The examples after `runnel up --examples`: they stand there finished, can be removed, and made again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from building import fresh_folder
from runnel.app.examples import examples as bundled
from running import Running, running, start, until

STREAMS = {name for name, found in bundled().items() if found.live}


@pytest.fixture(scope="module")
def examples() -> Iterator[Running]:
    with fresh_folder() as folder, running(folder, "--examples") as server:
        try:
            until(lambda: all(item["last_run"] and item["last_run"]["status"] != "running"
                              for item in server.get("/pipelines")["items"] if item["name"] not in STREAMS), 240)  # fmt: skip
        except AssertionError:
            print((folder / "server.log").read_text("utf-8")[-6000:])
            raise
        yield server


@pytest.mark.row("M-003-58", "M-003-60", "M-003-61", "M-003-54", met_by="server/opening.py",
                 deviation="`runnel up --examples` loads and runs them; no script of its own")  # fmt: skip
def test_every_example_stands_finished_and_the_shops_wrote_their_orders(examples: Running):
    items = {item["name"]: item for item in examples.get("/pipelines")["items"]}
    assert len(items) >= 15 and all(item["example"] for item in items.values())
    assert {item["last_run"]["status"] for name, item in items.items() if name not in STREAMS} <= {"success", "warning"}
    assert examples.get("/pipelines/unified_orders/runs")["total"] == 1
    written = next(item for item in examples.get("/files")["items"] if item["name"] == "unified_orders.json")
    assert written["source"] == "output"
    shown = examples.get(f"/files/{written['id']}/preview")
    assert shown["table"]["total_rows"] == 6
    kept = json.loads((examples.root / written["path"]).read_text("utf-8"))
    assert {order["shop"] for order in kept} == {"shopify", "woocommerce"}
    assert examples.get("/dashboards/unified_orders")["charts"][0]["rows"][0] == ["Docking Station", 298.0]


def test_one_stream_of_the_examples_runs_and_fills_its_dataset(examples: Running):
    assert [item["name"] for item in examples.get("/streams")["items"]] == ["wind_farm"]
    until(lambda: examples.get("/streams/wind_farm")["ports"].get("judged.output", 0) >= 6, 60)
    status = examples.get("/streams/wind_farm")
    assert status["status"] == "running" and not any(status["dead_letters"].values())


@pytest.mark.row("M-003-59", "M-003-62", met_by="app/examples.py")
def test_an_example_is_removed_with_its_data_and_made_again_with_one_request(examples: Running):
    folder = examples.root / "examples" / "ecommerce"
    assert examples.api.delete("/pipelines/unified_orders").status_code == 200
    assert not folder.exists()
    assert "unified_orders" not in [item["name"] for item in examples.get("/pipelines")["items"]]
    made = examples.post("/pipelines", {"from": {"example": "unified_orders"}})
    assert made["name"] == "unified_orders" and folder.exists()
    assert examples.run("unified_orders")["status"] == "warning"


def test_an_example_that_was_removed_stays_removed_after_a_restart():
    with fresh_folder() as folder:
        server = start(folder, "--examples")
        server.api.delete("/pipelines/penguins")
        server.stop()
        again = start(folder, "--examples")
        names = [item["name"] for item in again.get("/pipelines")["items"]]
        assert "penguins" not in names and "weather" in names
        again.stop()


def test_up_with_a_data_file_opens_a_pipeline_that_reads_it_once():
    with fresh_folder() as folder:
        (folder / "My Sales.csv").write_text("a,b\n1,x\n", "utf-8")
        for _ in range(2):
            server = start(folder, "My Sales.csv")
            assert "/pipelines/my_sales?token=" in server.link
            assert [item["name"] for item in server.get("/pipelines")["items"]] == ["my_sales"]
            assert server.post("/pipelines/my_sales/preview", {"node": "my_sales"})["total_rows"] == 1
            server.stop()
