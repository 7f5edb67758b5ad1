"""Columns that only a preview shows: what does not fit there is NULL, refuses nothing, and is read alike elsewhere."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from file_access import Read, locked

from runnel.connectors.files import sql
from runnel.connectors.files.source import FileSource

TYPES = {"n": "BIGINT", "d": "DATE", "t": "TIMESTAMP", "p": "DECIMAL(10,2)", "b": "BOOLEAN", "x": "DOUBLE"}
GOOD = {"n": "12", "d": "2024-02-29", "t": "2024-02-29 10:00:00", "p": "1.50", "b": "true", "x": "2.5"}
BAD = {"n": "2.5", "d": "2024-02-30", "t": "noon", "p": "1.555", "b": "maybe", "x": "many"}


def lenient(path: Path, tmp_path: Path, strict: tuple[str, ...] = ("id",), **config) -> Read:
    source = FileSource(FileSource.Config(path=str(path), **config), {}, "source")
    staging = tmp_path / "staging"
    staging.mkdir(exist_ok=True)
    connection = locked(str(staging), list(source.reads("/")))
    probe = source.probe(connection, "/")
    result = Read(probe, [])
    source.lenient = frozenset(name for name in probe.columns if name not in strict)
    opened = source.open(connection, probe, probe.columns, result)
    result.rows = connection.execute(f"SELECT {sql.names(probe.columns)} FROM {opened.sql}").fetchall()
    source.finish(connection, probe, result)
    connection.close()
    return result


VALUES = (12, date(2024, 2, 29), datetime(2024, 2, 29, 10), Decimal("1.50"), True, 2.5)


def written(folder: Path, format: str) -> Path:
    path = folder / f"a.{format}"
    rows = [{"id": "1", **GOOD}, {"id": "2", **BAD}, {"id": "3", **GOOD}]
    if format == "csv":
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    elif format == "xml":
        body = "".join("<r>" + "".join(f"<{k}>{v}</{k}>" for k, v in row.items()) + "</r>" for row in rows)
        path.write_text(f"<all>{body}</all>")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("format", ["csv", "ndjson", "xml"])
def test_a_value_that_does_not_fit_is_null_and_the_row_is_shown(tmp_path: Path, format: str) -> None:
    found = lenient(written(tmp_path, format), tmp_path, columns=TYPES)
    assert [row[1:] for row in found.rows] == [VALUES, (None,) * 6, VALUES]
    assert found.letters == []


def test_faults_in_used_columns_and_structural_ones_still_refuse(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,v\n1,2\nx,3\n3\n4,y\n")
    found = lenient(path, tmp_path, columns={"id": "BIGINT", "v": "BIGINT"})
    assert found.rows == [(1, 2), (4, None)]
    assert sorted(raw for raw, _, _ in found.letters) == [b"3", b"x,3"]


def test_a_lenient_column_is_read_with_the_signs_and_formats_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id;v;w;d\n1;1.234,5;1.234;31.12.2024\n2;x;1,5;32.12.2024\n3;;;\n")
    config = {"decimal": ",", "thousands": ".", "delimiter": ";", "date_format": "%d.%m.%Y"}
    found = lenient(path, tmp_path, columns={"v": "DOUBLE", "w": "BIGINT", "d": "DATE"}, **config)
    assert found.rows == [(1, 1234.5, 1234, date(2024, 12, 31)), (2, None, None, None), (3, None, None, None)]
    assert found.letters == []


def test_a_json_value_of_any_shape_is_null_where_a_type_was_given(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('{"id": 1, "v": {"a": 1}, "w": "x"}\n{"id": 2, "v": 5, "w": [1]}\n{"id": 3}\n')
    found = lenient(path, tmp_path, columns={"v": "BIGINT", "w": "VARCHAR"})
    assert [row[0] for row in found.rows] == [1, 2, 3] and [row[1] for row in found.rows] == [None, 5, None]
    assert found.letters == []
