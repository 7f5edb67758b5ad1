"""Twenty dialects of CSV, dropped on the canvas: shown right with no click, and a word about what was decided."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import expect
from tools.dialects import DIALECTS, generate

from browsing import Robot
from running import Running

LEAST_RIGHT = 18


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The twenty files with their expected Parquet."""
    folder = tmp_path_factory.mktemp("dialects")
    generate(folder)
    return folder


def test_dropped_files_of_twenty_dialects_have_the_right_columns_types_and_rows(
    robot: Robot, server: Running, files: Path
) -> None:
    """Values are compared by the connector's own tests; here is what a person sees after a drop."""
    wrong = []
    for dialect in DIALECTS:
        name = f"dialect-{dialect.name}".lower().replace("_", "-")
        made = server.post("/pipelines", {"name": name})["name"]
        robot.edit(made)
        robot.drop(files / f"{dialect.name}.{dialect.ending}", robot.middle(robot.get("canvas")))
        expect(robot.get("node", kind="source.file")).to_have_count(1)
        robot.click(robot.get("node", kind="source.file"))
        robot.ready()
        wanted = duckdb.sql(f"DESCRIBE SELECT * FROM '{files}/{dialect.name}.parquet'").fetchall()
        shown = robot.get("column").evaluate_all("columns => columns.map(one => [one.dataset.name, one.dataset.type])")
        if [(row[0], row[1]) for row in wanted] != [tuple(one) for one in shown]:
            wrong.append((dialect.name, [row[:2] for row in wanted], shown))
    assert len(wrong) <= len(DIALECTS) - LEAST_RIGHT, wrong


def test_what_was_decided_about_a_file_is_said_and_changed_in_one_click(robot: Robot, server: Running) -> None:
    (server.root / "semi.csv").write_text("id;price\n1;2,50\n2;3,75\n", "latin-1")
    server.post("/pipelines", {"name": "decided", "from": {"file": "semi.csv"}})
    robot.edit("decided")
    robot.click(robot.get("node", kind="source.file"))
    robot.ready(2)
    expect(robot.get("inspector")).to_contain_text("as separator, decimal comma")
    expect(robot.get("column", name="price")).to_have_attribute("data-type", "DOUBLE")
