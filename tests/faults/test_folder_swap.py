"""A folder that a sink replaces: killed at every step, and looked at all the time, it is never missing and never mixed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from building import fresh_folder
from runnel.connectors.files import committing
from runnel.connectors.files.exchanging import exchange

COMMIT = """
import os, signal, sys
sys.path[:0] = [{src!r}]
from runnel.connectors.files import committing, exchanging
if not {swap}: committing.exchange = lambda one, other: False
seen = 0
def look(event, _):
    global seen
    seen += 1
    if seen == {after}: os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(look)
committing.commit_folder({staged!r}, {target!r}, {mode!r}, "run1")
print(seen)
"""


def stage(folder: Path, text: str, count: int = 3) -> Path:
    staged = folder / "runs" / "run1" / "staging" / "sink" / "data"
    shutil.rmtree(staged.parent, ignore_errors=True)
    for number in range(count):
        part = staged / f"k={number}" / f"{text}.parquet"
        part.parent.mkdir(parents=True)
        part.write_text(text)
    return staged


def shown(target: Path) -> set[str]:
    return {path.read_text() for path in target.rglob("*.parquet")}


def commit(folder: Path, staged: Path, after: int, swap: bool, mode: str = "replace") -> subprocess.CompletedProcess[bytes]:
    text = COMMIT.format(src=str(Path(__file__).resolve().parents[2] / "src"), swap=swap, after=after, staged=str(staged),
                         target=str(folder / "out"), mode=mode)  # fmt: skip
    return subprocess.run([sys.executable, "-c", text], capture_output=True, timeout=60, check=False)


def events(folder: Path, swap: bool, mode: str) -> int:
    made = commit(folder, stage(folder, "probe"), 0, swap, mode)
    assert made.returncode == 0, made.stderr.decode()
    shutil.rmtree(folder / "runs")
    return int(made.stdout)


@pytest.mark.parametrize("swap", [True, False], ids=["exchange", "two renames"])
@pytest.mark.parametrize("mode", ["replace", "append"])
def test_a_commit_killed_at_any_step_leaves_the_old_folder_or_the_new_one(swap, mode):
    with fresh_folder() as folder:
        target = folder / "out"
        committing.commit_folder(str(stage(folder, "old")), str(target), "replace", "run0")
        steps = events(folder, swap, mode)
        for after in range(1, steps + 1, 1 if swap and mode == "replace" else 3):
            shutil.rmtree(target)
            shutil.rmtree(folder / "runs", ignore_errors=True)
            committing.commit_folder(str(stage(folder, "old")), str(target), "replace", "run0")
            staged = stage(folder, "new")
            done = commit(folder, staged, after, swap, mode)
            assert done.returncode == -signal.SIGKILL, (after, done.stderr.decode())
            new = {"old", "new"} if mode == "append" else {"new"}
            if swap:
                assert shown(target) in ({"old"}, new), after
            committing.clean(str(folder / "runs" / "run1" / "staging"), "run1")
            assert shown(target) in ({"old"}, new), after
            assert sorted(item.name for item in folder.iterdir()) == ["out", "runs"], after
            committing.commit_folder(str(staged), str(target), mode, "run1")
            assert shown(target) == new, after
            assert len(list(target.rglob("*.parquet"))) == (6 if mode == "append" else 3)


def test_a_folder_that_is_replaced_is_there_at_every_moment():
    with fresh_folder() as folder:
        target = folder / "out"
        if not can_exchange(folder):
            pytest.skip("this system cannot exchange two names")
        committing.commit_folder(str(stage(folder, "first")), str(target), "replace", "run0")
        stop = threading.Event()
        missing: list[int] = []

        def look() -> None:
            while not stop.is_set():
                if not os.path.isdir(target):
                    missing.append(1)

        watcher = threading.Thread(target=look)
        watcher.start()
        for number in range(150):
            committing.commit_folder(str(stage(folder, f"v{number}")), str(target), "replace", f"run{number}")
        stop.set()
        watcher.join()
        assert missing == [] and shown(target) == {"v149"}
        assert sorted(item.name for item in folder.iterdir()) == ["out", "runs"]


def can_exchange(folder: Path) -> bool:
    for name in ("a", "b"):
        (folder / name).mkdir()
    done = exchange(str(folder / "a"), str(folder / "b"))
    for name in ("a", "b"):
        (folder / name).rmdir()
    return done


def test_two_names_change_places(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    (tmp_path / "b").write_text("2")
    if not exchange(str(tmp_path / "a"), str(tmp_path / "b")):
        pytest.skip("this file system cannot exchange two names")
    assert (tmp_path / "a").read_text() == "2" and (tmp_path / "b" / "x").read_text() == "1"
    with pytest.raises(FileNotFoundError):
        exchange(str(tmp_path / "a"), str(tmp_path / "nothing"))


def test_where_names_cannot_be_exchanged_two_renames_do(tmp_path, monkeypatch):
    monkeypatch.setattr(committing, "exchange", lambda one, other: False)
    for text in ("old", "new"):
        committing.commit_folder(str(stage(tmp_path, text)), str(tmp_path / "out"), "replace", text)
    assert shown(tmp_path / "out") == {"new"}
    assert sorted(item.name for item in tmp_path.iterdir()) == ["out", "runs"]


def test_only_names_of_the_run_are_cleaned(tmp_path):
    keep = tmp_path / "keep"
    keep.mkdir()
    other = tmp_path / ".out.run2.part"
    other.mkdir()
    mine = tmp_path / ".out.run1.part"
    mine.mkdir()
    mark = tmp_path / "staging" / "sink" / "commit.json"
    mark.parent.mkdir(parents=True)
    import json

    mark.write_text(json.dumps({"inode": None, "leftovers": [str(keep), str(other), str(mine), "/", "..", "."]}))
    committing.clean(str(tmp_path / "staging"), "run1")
    assert keep.exists() and other.exists() and not mine.exists()
