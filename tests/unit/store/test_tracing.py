"""Which streams wrote a table, as the newest commits of its log tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runnel.store import tracing
from runnel.store.tracing import NEWEST_COMMITS, Origins, Written, incarnations, origins_of_files


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


def joined(*parts: str) -> list[dict[str, Any]]:
    return [{"remove": {"path": part, "dataChange": False}} for part in parts]


def added(path: str) -> dict[str, Any]:
    return {"add": {"path": path}}


def test_joined_files_are_taken_apart_to_what_streams_wrote(tmp_path: Path) -> None:
    a = "a" * 16
    commit(tmp_path, 0, added("one"), {"txn": {"appId": f"runnel-stream-{a}-saved", "version": 3}})
    commit(tmp_path, 1, added("two"), {"txn": {"appId": f"runnel-stream-{a}-saved", "version": 5}})
    commit(tmp_path, 2, added("first%20join"), *joined("one", "two"))
    commit(tmp_path, 3, added("run"))
    commit(tmp_path, 4, added("second"), *joined("first%20join", "run"))
    commit(tmp_path, 5, added("instead"), {"remove": {"path": "second", "dataChange": True}})
    origins = origins_of_files(tmp_path)
    assert origins.written == {"one": Written(a, "saved", 1, 3), "two": Written(a, "saved", 4, 5)}
    assert origins.apart(["second"]) == ["one", "run", "two"]
    assert origins.apart(["second", "first join", "instead"]) == ["instead", "one", "run", "two"]
    assert origins_of_files(tmp_path / "nothing") == Origins()


def test_a_commit_that_is_cut_while_the_log_is_read_counts_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(tmp_path, 1, added("two"), written("b" * 16))
    monkeypatch.setattr(tracing, "commits", lambda location: [0, 1])
    assert list(origins_of_files(tmp_path).written) == ["two"]
    assert incarnations(tmp_path) == {"b" * 16}


def test_a_table_that_is_not_there_was_written_by_no_stream(tmp_path: Path) -> None:
    assert incarnations(tmp_path / "nothing") == frozenset()
