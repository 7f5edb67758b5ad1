"""The rows of streams, opened by several at once where there are none yet."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from integration.store.stores import fresh_database
from runnel.store.streams import StreamStore

OPEN = """
import sys, time
from pathlib import Path
from runnel.store.streams import StreamStore
print("ready", flush=True)
while not Path(sys.argv[2], "go").exists():
    time.sleep(0.001)
assert StreamStore.open(sys.argv[1], Path(sys.argv[2])).list() == []
"""


@pytest.mark.parametrize("round_", range(20))
def test_threads_that_open_fresh_rows_at_once_all_have_them(tmp_path: Path, round_: int):
    ready = threading.Barrier(6)

    def opened(number: int) -> list[dict[str, object]]:
        ready.wait()
        return StreamStore.open("sqlite://", tmp_path).list()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(opened, range(6))) == [[]] * 6


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_that_open_fresh_rows_at_once_all_have_them(tmp_path: Path, kind: str, server: str):
    url = fresh_database(server) if kind == "postgresql" else "sqlite://"
    command = [sys.executable, "-c", OPEN, url, str(tmp_path)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    assert [process.stdout.readline() for process in started if process.stdout] == [b"ready\n"] * 4
    (tmp_path / "go").touch()
    ended = [process.communicate(timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 4, ended
