"""Every Parquet file of the corpus, fuzzed ones included, in a process of its own: rows, or a clear error."""

from __future__ import annotations

import json
import os
from pathlib import Path

import duckdb
import pytest
from tests.unit.connectors.file_access import DATA, read

from runnel.errors import RunnelError

EXPECTED = json.loads((DATA / "EXPECTED.json").read_text())["parquet"]


def in_child(path: Path) -> dict:
    """Read a file in a forked child; the answer is its rows or its error."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receiving)
        try:
            answer = {"rows": len(read(path, format="parquet").rows)}
        except (RunnelError, duckdb.Error) as error:
            answer = {"error": str(error)}
        os.write(sending, json.dumps(answer).encode())
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    return json.loads(data) if data else {"crash": status}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_file_gives_the_expected_rows_or_an_error_where_one_is_recorded(name: str) -> None:
    expected = EXPECTED[name]
    answer = in_child(DATA / name)
    assert "crash" not in answer
    rows = {engine["rows"] for engine in expected.values() if "rows" in engine}
    if "error" in answer:
        assert any("error" in engine for engine in expected.values())
    else:
        assert answer["rows"] in rows
