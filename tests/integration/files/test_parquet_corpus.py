"""Every Parquet file of the corpus, fuzzed ones included, in a process of its own: rows, or a clear error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.connectors.file_access import DATA

EXPECTED = json.loads((DATA / "EXPECTED.json").read_text())["parquet"]
READER = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
import duckdb
from pathlib import Path
from runnel.errors import RunnelError
from tests.unit.connectors.file_access import read

for line in sys.stdin:
    try:
        answer = {"rows": len(read(Path(line.rstrip("\\n")), format="parquet").rows)}
    except (RunnelError, duckdb.Error) as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture(scope="module")
def read_apart() -> Iterator[Callable[[Path], dict]]:
    """Read a file in a process that is started anew when a file ended it; returns its rows, its error or how it died."""
    command = [sys.executable, "-c", READER, json.dumps(sys.path)]
    started: list[subprocess.Popen[str]] = []

    def reader() -> subprocess.Popen[str]:
        if not started or started[-1].poll() is not None:
            started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1]

    def ask(path: Path) -> dict:
        process = reader()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"{os.fspath(path)}\n")
        process.stdin.flush()
        line = process.stdout.readline()
        return json.loads(line) if line else {"crash": process.wait()}

    yield ask
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_file_gives_the_expected_rows_or_an_error_where_one_is_recorded(
    name: str, read_apart: Callable[[Path], dict]
) -> None:
    expected = EXPECTED[name]
    answer = read_apart(DATA / name)
    assert "crash" not in answer
    rows = {engine["rows"] for engine in expected.values() if "rows" in engine}
    if "error" in answer:
        assert any("error" in engine for engine in expected.values())
    else:
        assert answer["rows"] in rows
