"""The file sink: every format comes back as it went in, and a commit is whole or not there."""

from __future__ import annotations

import json
import os
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.connectors.file_access import DATA, left_over, read, stage, write

from runnel.errors import AuthoringError
from runnel.sdk import SinkContext

NASTY = """SELECT * FROM (VALUES
    (1::BIGINT, 9223372036854775807::BIGINT, 12345678901234567890.12::DECIMAL(38,2), 0.1::DOUBLE, 'a"b
c, ;''x'::VARCHAR, TIMESTAMP '2024-01-01 10:00:00.5', DATE '2024-02-29', true),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, -5, -0.01, 1e300, '007', TIMESTAMP '1999-12-31 23:59:59', DATE '1900-03-01', false)
) t(id, big, exact, real, text, stamp, day, flag)"""
TYPES = {"id": "BIGINT", "big": "BIGINT", "exact": "DECIMAL(38,2)", "real": "DOUBLE", "text": "VARCHAR",
         "stamp": "TIMESTAMP", "day": "DATE", "flag": "BOOLEAN"}  # fmt: skip


@pytest.mark.row("M-003-414", met_by="connectors/files/source.py", deviation="files are named by a path or come in by standard input; uploads come with the server")
@pytest.mark.parametrize(
    "ending", ["csv", "tsv", "csv.gz", "csv.zst", "json", "ndjson", "parquet", "xlsx", "xml", "avro"]
)
def test_rows_survive_the_way_out_and_back(tmp_path: Path, ending: str) -> None:
    import duckdb

    path = tmp_path / f"deep/er/out.{ending}"
    assert write(NASTY, path).rows == 3
    found = read(path, columns=TYPES)
    assert not found.letters
    assert found.rows == duckdb.sql(NASTY).fetchall()
    assert left_over(path.parent) == []


def test_json_keeps_order_digits_and_times(tmp_path: Path) -> None:
    write(
        "SELECT 2 AS b, 1 AS a, 123456789012345678901234567890::HUGEINT AS h, 'nan'::DOUBLE AS n, "
        "TIMESTAMPTZ '2024-01-01 10:00:00+02' AS z, TIMESTAMP '2024-01-01 10:00:00' AS t, 'ab'::BLOB AS bl",
        tmp_path / "a.json",
    )  # fmt: skip
    text = (tmp_path / "a.json").read_text()
    record = json.loads(text, parse_float=Decimal)[0]
    assert list(record) == ["b", "a", "h", "n", "z", "t", "bl"]
    assert record["h"] == 123456789012345678901234567890
    assert (record["n"], record["z"], record["t"], record["bl"]) == (
        "NaN",
        "2024-01-01T08:00:00Z",
        "2024-01-01T10:00:00",
        "YWI=",
    )


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_formulas_are_neutralised_unless_raw(tmp_path: Path, ending: str) -> None:
    query = "SELECT 1 AS id, unnest(['=1+1', '+x', '-x', '@x', '-5', 'plain']) AS s"
    write(query, tmp_path / f"a.{ending}")
    assert [row[1] for row in read(tmp_path / f"a.{ending}").rows] == ["'=1+1", "'+x", "'-x", "'@x", "-5", "plain"]
    write(query, tmp_path / f"b.{ending}", formulas="raw")
    assert [row[1] for row in read(tmp_path / f"b.{ending}").rows] == ["=1+1", "+x", "-x", "@x", "-5", "plain"]


def test_append_adds_rows_without_a_second_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write("SELECT 1 AS id, 'x' AS s", path)
    write("SELECT 2 AS id, 'y' AS s", path, run="two", mode="append")
    assert path.read_text() == "id,s\n1,x\n2,y\n"


def test_a_second_commit_of_the_same_run_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id\n1\n")
    context = SinkContext(str(tmp_path), "run", None)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as staging:
        sink, written = stage("SELECT 2 AS id", path, staging, mode="append")
        sink.commit(written, staging, context)
        sink.commit(written, staging, context)
    assert path.read_text() == "id\n1\n2\n"


def test_new_refuses_an_existing_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write("SELECT 1 AS id", path, mode="new")
    with pytest.raises(AuthoringError) as caught:
        write("SELECT 2 AS id", path, run="two", mode="new")
    assert caught.value.code == "RNL-FILE-021"
    assert path.read_text() == "id\n1\n"
    assert left_over(tmp_path) == []


def test_partitions_are_swapped_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    write("SELECT range % 3 AS k, range AS v FROM range(9)", folder, partition_by=["k"])
    write("SELECT 7 AS k, 1 AS v", folder, run="two", partition_by=["k"])
    assert os.listdir(folder) == ["k=7"]
    write("SELECT 8 AS k, 2 AS v", folder, run="three", partition_by=["k"], mode="append")
    assert sorted(read(folder).rows) == [(1, 7), (2, 8)]
    assert left_over(tmp_path) == []


def test_a_format_that_cannot_be_told_is_a_finding() -> None:
    from runnel.connectors.files.sink import FileSink

    sink = FileSink(FileSink.Config(path="out.unknown"), {}, "sink")
    assert [finding.code for finding in sink.check({})] == ["RNL-FILE-023"]
    sink = FileSink(FileSink.Config(path="out.parquet", mode="append"), {}, "sink")
    assert [finding.code for finding in sink.check({})] == ["RNL-FILE-024"]


@pytest.mark.parametrize("ending", ["csv", "json", "ndjson", "parquet", "avro"])
def test_naughty_strings_survive(tmp_path: Path, ending: str) -> None:
    strings = json.loads((DATA / "strings/blns.json").read_text())
    values = ", ".join(f"({number}, '{text.replace(chr(39), chr(39) * 2)}')" for number, text in enumerate(strings))
    path = tmp_path / f"naughty.{ending}"
    write(f"SELECT * FROM (VALUES {values}) t(n, s)", path, **({"formulas": "raw"} if ending == "csv" else {}))
    assert [row[1] for row in sorted(read(path, columns={"s": "VARCHAR"}).rows)] == strings
