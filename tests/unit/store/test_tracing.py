"""Which streams wrote a table, as the newest commits of its log tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from runnel.store.tracing import NEWEST_COMMITS, incarnations


def commit(table: Path, version: int, *actions: dict[str, Any]) -> None:
    (table / "_delta_log").mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(action) + "\n" for action in actions)
    (table / "_delta_log" / f"{version:020}.json").write_text(text, "utf-8")


def written(incarnation: str) -> dict[str, Any]:
    return {"txn": {"appId": f"runnel-stream-{incarnation}-saved", "version": 7}}


def test_streams_are_found_in_the_newest_commits_alone(tmp_path: Path) -> None:
    commit(tmp_path, 0, written("a" * 16))
    for version in range(1, NEWEST_COMMITS - 1):
        commit(tmp_path, version, {"add": {"path": "part.parquet", "stats": '"txn"'}})
    commit(tmp_path, NEWEST_COMMITS - 1, {"commitInfo": {}}, written("b" * 16), {"txn": {"appId": "other", "version": 1}})
    assert incarnations(tmp_path) == {"a" * 16, "b" * 16}
    commit(tmp_path, NEWEST_COMMITS, {"commitInfo": {}})
    assert incarnations(tmp_path) == {"b" * 16}


def test_a_table_that_is_not_there_was_written_by_no_stream(tmp_path: Path) -> None:
    assert incarnations(tmp_path / "nothing") == frozenset()
