"""Early results in real targets: told, told again through kill -9 and late rows, closed; keys of sessions that moved are deleted."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from building import fresh_folder
from faults.faulting import connect
from faults.stream_lives import command, end, pipeline, rows_of_dataset

PIPELINE = """\
runnel: 1
name: early
nodes:
  lines:
    kind: source.files
    config: {path: data, pattern: "*.ndjson", mode: tail, columns: {at: TIMESTAMPTZ, user: VARCHAR, v: BIGINT}, event_time: at,
      watermark_delay_seconds: DELAY}
  sums:
    kind: KIND
    from: lines
    config: {SETTINGS, emit: early, every_seconds: 0.1, group_by: [user], values: {n: count(*), total: sum(v)}}
  table: {kind: sink.postgres, from: sums, config: {connection: store, table: TABLE, mode: upsert, key: [user, window_start]}}
  kept: {kind: sink.dataset, from: sums, config: {name: kept, mode: upsert, key: [user, window_start]}}
  said: {kind: table.rename, from: sums, config: {columns: {_op: said}}}
  log: {kind: sink.dataset, from: said, config: {name: log, mode: append}}
  late: {kind: sink.dataset, from: sums.late, config: {name: late, mode: append}}
"""
Held = list[tuple[int, int, int]]


def becomes(look: Callable[[], Any], wanted: Any, seconds: float = 90) -> None:
    """Wait until what is looked at is as wanted."""
    deadline = time.monotonic() + seconds
    while (found := look()) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found == wanted


@dataclass
class Given:
    """A pipeline over a file that grows, and the table that it writes."""

    folder: Path
    path: Path
    connection: psycopg.Connection[Any]
    table: str

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Run the stream; at the end it is killed at once, whatever it does."""
        with (self.folder / "said").open("ab") as said:
            process = subprocess.Popen(command(self.path), stdout=said, stderr=said, start_new_session=True)
            try:
                yield
                assert process.poll() is None, (self.folder / "said").read_text()[-3000:]
            finally:
                end(process)

    def come(self, *rows: tuple[int, int]) -> None:
        """Let rows come: (second of the minute, value)."""
        with (self.folder / "data/a.ndjson").open("a") as file:
            file.writelines(json.dumps({"at": f"2026-01-01T00:00:{at:02}Z", "user": "ann", "v": v}) + "\n" for at, v in rows)

    def holds(self, *wanted: tuple[int, int, int]) -> None:
        """Wait until the table holds these windows: (second of the begin, rows, total)."""
        text = f'SELECT extract(second FROM window_start)::int, n, total::bigint FROM "{self.table}" ORDER BY 1'

        def look() -> Held:
            there = self.connection.execute("SELECT to_regclass(%s)", [f'"{self.table}"']).fetchone()
            return self.connection.execute(text).fetchall() if there is not None and there[0] else []

        becomes(look, list(wanted))

    def rows(self, dataset: str, *names: str) -> Counter[tuple[Any, ...]]:
        """The rows of a dataset, if there is one; the begin of a window as its second."""
        if not (self.folder / f".runnel/datasets/{dataset}").exists():
            return Counter()
        rows = [dict(row) for row in rows_of_dataset(self.folder, dataset).elements()]
        made = [{**row, "begin": int(row["window_start"][17:19])} if "window_start" in row else row for row in rows]
        return Counter(tuple(row[name] for name in names) for row in made)


@contextmanager
def given(server: Any, kind: str, settings: str, delay: int) -> Iterator[Given]:
    table = f"early_{os.getpid()}_{random.randrange(10**9)}"
    text = PIPELINE.replace("KIND", kind).replace("SETTINGS", settings).replace("DELAY", str(delay)).replace("TABLE", table)
    address = psycopg.conninfo.conninfo_to_dict(server.address)
    with fresh_folder() as folder, psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        path = pipeline(folder, text)
        (folder / "data").mkdir()
        connect(folder, "store", "postgres", host=address["host"], port=address["port"], database=address["dbname"],
                user=address["user"], tls="disable")  # fmt: skip
        try:
            yield Given(folder, path, connection, table)
        finally:
            connection.execute(f'DROP TABLE IF EXISTS "{table}"')


@pytest.mark.row("M-004-16")
def test_a_window_is_told_early_then_with_late_rows_then_closed_through_kills(postgres_server):
    with given(postgres_server, "stream.window", "size_seconds: 10", 10) as made:
        made.come((1, 1))
        with made.alive():
            made.holds((0, 1, 1))
        made.come((5, 2))
        with made.alive():
            made.holds((0, 2, 3))
            made.come((15, 10))
            made.holds((0, 2, 3), (10, 1, 10))
            made.come((3, 4))  # older than what came before it, and its window is open
            made.holds((0, 3, 7), (10, 1, 10))
        with made.alive():
            made.come((40, 1), (4, 100))  # the first closes both windows, and the second comes too late for them
            made.holds((0, 3, 7), (10, 1, 10), (40, 1, 1))
            becomes(lambda: made.rows("late", "v"), {(100,): 1})
            told = {(0, "insert", 1): 1, (0, "update", 2): 1, (0, "update", 3): 2, (10, "insert", 1): 1, (10, "update", 1): 1,
                    (40, "insert", 1): 1}  # fmt: skip
            becomes(lambda: made.rows("log", "begin", "said", "n"), told)
            becomes(lambda: made.rows("kept", "begin", "n", "total"), {(0, 3, 7): 1, (10, 1, 10): 1, (40, 1, 1): 1})


@pytest.mark.row("M-003-282")
def test_a_session_that_becomes_part_of_another_leaves_its_key_in_every_target(postgres_server):
    with given(postgres_server, "stream.session", "gap_seconds: 12", 30) as made:
        made.come((20, 1))
        with made.alive():
            made.holds((20, 1, 1))
            made.come((40, 2))
            made.holds((20, 1, 1), (40, 1, 2))
        with made.alive():
            made.come((30, 4))  # less than the gap from both
            made.holds((20, 3, 7))
            made.come((15, 8))
            made.holds((15, 4, 15))
            becomes(lambda: made.rows("kept", "begin", "n", "total"), {(15, 4, 15): 1})
            told = {(20, "insert", 1): 1, (40, "insert", 1): 1, (40, "delete", None): 1, (20, "update", 3): 1,
                    (20, "delete", None): 1, (15, "insert", 4): 1}  # fmt: skip
            becomes(lambda: made.rows("log", "begin", "said", "n"), told)
