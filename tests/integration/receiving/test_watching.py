"""A watched folder: every record of every file once and in order, through rotation, truncation, renames and restarts."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from integration.receiving.sources import Lived, eventually, records_of, rows_of, running
from runnel.connectors.files.watching import FilesSource
from runnel.errors import AuthoringError, ConnectorError
from runnel.sdk.streaming import Position


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def lived(home: Path, **config: Any) -> Lived:
    given = {"path": "inbox", "columns": {"n": "BIGINT"}, "settle_seconds": 0.0, **config}
    return Lived(FilesSource, {name: value for name, value in given.items() if value is not None}, home, {})


def objects(begin: int, end: int) -> str:
    return "".join(f'{{"n":{number}}}\n' for number in range(begin, end))


def put(path: Path, text: str | bytes) -> None:
    """As a careful writer does: another name first."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(text if isinstance(text, bytes) else text.encode())
    part.rename(path)


def seen(life: Lived) -> list[int]:
    return [row["n"] for row in life.rows]


def kept(life: Lived) -> dict[str, Position | None]:
    """Positions as a checkpoint has them: through JSON."""
    return {
        name: Position.from_json(json.loads(json.dumps(at.to_json()))) for name, at in life.positions.items() if at is not None
    }


# -- whole files


@pytest.mark.parametrize("known_by", ["name", "content"])
def test_each_new_file_is_read_once_whole_and_the_last_line_needs_no_end(tmp_path, inbox, known_by):
    put(inbox / "a.ndjson", objects(0, 10) + '{"n":10}')
    put(inbox / "b.txt", "no")
    with lived(tmp_path, pattern="*.ndjson", known_by=known_by) as life:
        life.open().to_end()
        assert seen(life) == list(range(11))
        put(inbox / "c.ndjson", "\n\r\n" + objects(11, 20).replace("\n", "\r\n") + "{\n")
        life.rows_until(21)
        assert seen(life) == list(range(20)) and len(life.reasons) == 1
        assert {row["_key"] for row in life.rows} == {"a.ndjson", "c.ndjson"}
        positions = kept(life)
    put(inbox / "d.ndjson", objects(20, 25))
    with lived(tmp_path, pattern="*.ndjson", known_by=known_by) as life:
        life.open(positions).to_end()
        life.rows_until(5)
        assert seen(life) == list(range(20, 25)), "what was read before is known"


def test_a_copy_is_read_again_by_name_and_not_by_content(tmp_path, inbox):
    for known_by, count in (("name", 6), ("content", 3)):
        for path in inbox.iterdir():
            path.unlink()
        put(inbox / "a", objects(0, 3))
        put(inbox / "b", objects(0, 3))
        with lived(tmp_path, known_by=known_by) as life:
            life.open().to_end()
            assert len(life.rows) == count


def test_a_file_that_is_being_written_waits(tmp_path, inbox):
    with lived(tmp_path, settle_seconds=0.6) as life, (inbox / "slow").open("w") as file:
        life.open()
        for number in range(4):
            file.write(objects(number, number + 1))
            file.flush()
            for _ in range(3):
                life.take(wait=0.1)
            assert not life.rows
        life.rows_until(4)
        assert seen(life) == list(range(4))


@pytest.mark.parametrize("format", ["ndjson", "csv", "text", "parquet"])
@pytest.mark.parametrize("seed", [1, 2])
def test_any_cut_of_polls_and_lives_gives_the_same_records(tmp_path, inbox, format, seed):
    rng, expected = random.Random(seed), []
    for number in range(3):
        values = [f'{number}-{row} {"x" * rng.randrange(40)}' for row in range(rng.choice([1, 70, 200]))]
        if format == "csv":
            values = [f'{value}, "quoted"\nline' if rng.random() < 0.2 else value for value in values]
        expected += values
        columns = {"s": values, "n": list(range(len(values)))}
        if format == "ndjson":
            put(inbox / f"{number}", "".join(json.dumps({"s": value}) + "\n" for value in values))
        elif format == "csv":
            order = ["s", "n"] if number % 2 else ["n", "s"]
            lines = [[f'"{v.replace(chr(34), chr(34) * 2)}"' if n == "s" else str(v) for n in order for v in [columns[n][i]]]
                     for i in range(len(values))]  # fmt: skip
            put(inbox / f"{number}", "\n".join([",".join(order), *(",".join(line) for line in lines)]) + "\n")
        elif format == "text":
            put(inbox / f"{number}", "".join(f"{value}\n" for value in values))
        else:
            pq.write_table(pa.table(columns), inbox / f"{number}", row_group_size=30)
    name = "value" if format == "text" else "s"
    config = {"format": format, "columns": {} if format == "text" else {"s": "VARCHAR"}}
    positions: dict[str, Position | None] = {}
    rows: dict[str, list[str]] = {}
    for _ in range(300):
        with lived(tmp_path, **config) as life:
            life.open(positions)
            for _ in range(rng.randrange(1, 8)):
                life.take(most=rng.choice([1, 3, 20, 90]), most_bytes=rng.choice([1, 100, 1 << 20]), wait=0)
            for row in life.rows:
                rows.setdefault(row["_partition"], []).append(row[name])
            assert not life.reasons
            positions = kept(life)
            ends = life.reader.ends()
        if ends and all(name in positions and positions[name].next >= end for name, end in ends.items()):
            break
    assert [value for partition in sorted(rows) for value in rows[partition]] == expected


def test_columns_of_every_format_are_found_in_the_files(tmp_path, inbox):
    wanted = {"n": "BIGINT", "v": "DOUBLE", "at": "TIMESTAMP", "s": "VARCHAR"}
    put(inbox / "a.csv", "n,v,at,s\n1,2.5,2026-01-01 00:00:00,x\n2,,2026-01-02 00:00:00,\n")
    put(inbox / "a.ndjson", '{"n":1,"v":2.5,"s":"x"}\n')
    table = pa.table({"n": [1], "v": [2.5], "s": ["x"]})
    pq.write_table(table, inbox / "a.parquet")
    for format in ("csv", "ndjson", "parquet"):
        with lived(tmp_path, format=format, pattern=f"*.{format}", columns={}) as life:
            assert life.probe.columns == {name: type for name, type in wanted.items() if format == "csv" or name != "at"}
            life.open().to_end()
            assert life.rows[0]["n"] == 1 and life.rows[0]["v"] == 2.5


def test_rows_of_parquet_that_do_not_fit_are_refused_and_missing_columns_are_null(tmp_path, inbox):
    pq.write_table(pa.table({"n": ["1", "x", "3"]}), inbox / "a.parquet")
    pq.write_table(pa.table({"m": [4]}), inbox / "b.parquet")
    with lived(tmp_path, format="parquet", columns={"n": "BIGINT", "m": "BIGINT"}) as life:
        life.open().to_end()
        assert sorted((row["n"] or 0, row["m"] or 0) for row in life.rows) == [(0, 4), (1, 0), (3, 0)]
        assert life.reasons == ["n is no BIGINT"]


@pytest.mark.parametrize("archive", ["move", "delete"])
def test_files_are_put_away_once_nothing_is_read_again(tmp_path, inbox, archive):
    put(inbox / "a", objects(0, 3))
    (tmp_path / "done").mkdir()
    put(tmp_path / "done" / "a", "older")
    config = {"archive": archive, "archive_folder": "done" if archive == "move" else None}
    with lived(tmp_path, **config) as life:
        life.open()
        life.take(most=1)
        life.release()
        assert (inbox / "a").exists(), "it is not read to its end"
        life.to_end()
        life.release()
        assert not (inbox / "a").exists()
        positions = kept(life)
    assert (tmp_path / "done" / "a.1").exists() == (archive == "move")
    assert (tmp_path / "done" / "a").read_text() == "older"
    with lived(tmp_path, **config) as life:
        life.open(positions).to_end()
        assert not life.rows


def test_a_file_that_went_before_it_was_read_stops_the_stream_with_its_name(tmp_path, inbox):
    put(inbox / "a", objects(0, 100))
    with lived(tmp_path) as life:
        life.open()
        life.take(most=10)
        positions = kept(life)
    put(inbox / "a", objects(0, 5))
    with lived(tmp_path) as life, pytest.raises(ConnectorError) as caught:
        life.open(positions)
    assert caught.value.code == "RNL-WATCH-001" and "a was removed" in caught.value.what
    with lived(tmp_path, removed="skip") as life:
        life.open(positions).to_end()
        assert seen(life) == list(range(5))


# -- growing files


def test_a_partial_last_line_waits_for_its_end(tmp_path, inbox):
    path = inbox / "app.log"
    path.write_text(objects(0, 2) + '{"n":')
    with lived(tmp_path, mode="tail") as life:
        life.open().to_end()
        assert seen(life) == [0, 1]
        with path.open("a") as file:
            file.write("2}\n" + objects(3, 5))
        life.rows_until(5)
        assert seen(life) == list(range(5)) and not life.reasons


def test_the_first_start_at_the_end_leaves_out_what_is_there(tmp_path, inbox):
    (inbox / "app.log").write_text(objects(0, 5))
    with lived(tmp_path, mode="tail", start="latest") as life:
        life.open().take()
        with (inbox / "app.log").open("a") as file:
            file.write(objects(5, 7))
        (inbox / "new.log").write_text(objects(7, 9))
        life.rows_until(4)
        assert sorted(seen(life)) == [5, 6, 7, 8]


@pytest.mark.parametrize("restart", [False, True])
def test_rotation_by_renaming_loses_and_doubles_nothing(tmp_path, inbox, restart):
    path, total = inbox / "app.log", 0
    path.write_text("")
    life = lived(tmp_path, mode="tail", pattern="*.log").open()
    rows: list[int] = []
    try:
        for turn in range(4):
            with path.open("a") as file:
                file.write(objects(total, total + 30))
            if turn % 2:
                life.rows_until(len(life.rows) + 5)
            if restart:
                life.take()
                life.take()
                rows += seen(life)
                positions = kept(life)
                life.close()
                life = lived(tmp_path, mode="tail", pattern="*.log")
            with path.open("a") as file:
                file.write(objects(total + 30, total + 40))
            total += 40
            for number in range(3, 0, -1):
                if (inbox / f"app.log.{number}").exists():
                    (inbox / f"app.log.{number}").rename(inbox / f"app.log.{number + 1}")
            path.rename(inbox / "app.log.1")
            path.write_text("")
            if restart:
                life.open(positions)
            else:
                life.take()  # a file is noticed while it has its name
        life.until(lambda: len(rows) + len(life.rows) >= total)
        life.take()
        rows += seen(life)
        assert sorted(rows) == list(range(total))
    finally:
        life.close()


def test_a_file_that_is_cut_begins_anew(tmp_path, inbox):
    path = inbox / "app.log"
    path.write_text(objects(0, 100))
    with lived(tmp_path, mode="tail") as life:
        life.open().to_end()
        path.write_text(objects(100, 110))  # the same inode, shorter
        life.rows_until(110)
        with path.open("a") as file:
            file.write(objects(110, 400))
        life.rows_until(400)
        assert seen(life) == list(range(400))
        positions = kept(life)
    path.write_text(objects(400, 1000))  # the same inode, longer, another beginning: while nobody looked
    with lived(tmp_path, mode="tail") as life:
        life.open(positions).to_end()
        life.rows_until(600)
        assert seen(life) == list(range(400, 1000))


def test_a_deleted_file_is_read_to_its_end_while_it_is_open(tmp_path, inbox):
    path = inbox / "app.log"
    path.write_text(objects(0, 10))
    with lived(tmp_path, mode="tail") as life:
        life.open()
        life.until(lambda: len(life.rows) >= 3, most=3)
        with path.open("a") as file:
            file.write(objects(10, 20))
        path.unlink()
        life.rows_until(20)
        assert seen(life) == list(range(20))


def test_settings_that_cannot_work_are_refused(tmp_path, inbox):
    for config in ({"mode": "tail", "format": "parquet"}, {"archive": "move"}, {"format": "csv", "header": False, "columns": {}}):
        with pytest.raises(ValidationError):
            lived(tmp_path, **config)
    for config, code in (({"path": "nowhere"}, "RNL-WATCH-004"), ({"columns": {}}, "RNL-WATCH-005")):
        with pytest.raises(AuthoringError) as caught:
            lived(tmp_path, **config)
        assert caught.value.code == code


PIPELINE = """\
runnel: 1
name: watched
nodes:
  lines: {kind: source.files, config: {path: inbox, pattern: "*.ndjson", columns: {n: BIGINT}, settle_seconds: 0, archive: delete}}
  some: {kind: table.filter, from: lines, config: {where: "n % 2 = 0"}}
  saved: {kind: sink.dataset, from: some, config: {name: some}}
"""


@pytest.mark.row("M-003-217")
def test_a_stream_from_the_command_line_takes_new_files_only(tmp_path, inbox):
    (tmp_path / "runnel.toml").write_text("")
    (tmp_path / "watched.runnel.yaml").write_text(PIPELINE)
    for turn in range(2):
        put(inbox / f"{turn}.ndjson", objects(100 * turn, 100 * turn + 100))
        with running(tmp_path, "watched.runnel.yaml"):
            eventually(lambda wanted=100 * (turn + 1): records_of(tmp_path, "lines") >= wanted)
        assert sorted(row["n"] for row in rows_of(tmp_path, "some")) == list(range(0, 100 * turn + 100, 2))
