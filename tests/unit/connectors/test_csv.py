"""CSV: dialects found without an option, refused records with their own bytes, nothing stored silently wrong."""

from __future__ import annotations

import csv
import io
import json
import random
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.connectors.file_access import DATA, read, write
from tools.dialects import DIALECTS, LETTERS, generate

from runnel.errors import AuthoringError, LimitError


@pytest.fixture(scope="module")
def dialects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dialects")
    generate(folder)
    return folder


@pytest.mark.row("M-004-05", met_by="connectors/files/csv.py")
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_dialect_is_read_right_without_an_option(dialects: Path, dialect) -> None:
    expected = duckdb.sql(f"SELECT * FROM read_parquet('{dialects}/{dialect.name}.parquet')")
    found = read(dialects / f"{dialect.name}.{dialect.ending}")
    assert found.columns == expected.columns
    assert found.types == [str(type) for type in expected.types]
    assert found.rows == expected.fetchall()
    assert len(found.letters) == LETTERS.get(dialect.name, 0)


@pytest.mark.parametrize("path", sorted((DATA / "csv/csv-spectrum/csvs").glob("*.csv")), ids=lambda path: path.stem)
def test_csv_spectrum_gives_its_json(path: Path) -> None:
    given = path.parents[1] / "json" / f"{path.stem}.json"
    expected = json.loads(given.read_text()) if given.exists() else [{"a": "1", "b": "2", "c": "3"}]
    found = read(path, columns=dict.fromkeys(expected[0], "VARCHAR"))
    assert [dict(zip(found.columns, row, strict=True)) for row in found.rows] == expected


def test_a_null_is_not_an_empty_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,name\n1,\n2,""\n3,x\n')
    assert read(path).rows == [(1, None), (2, ""), (3, "x")]


def test_ragged_records_are_cut_from_the_file_with_line_and_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,name,v\n1,"a\nb",1\n2,x\n3,y,4,5\n4,z,6\n')
    found = read(path)
    assert found.rows == [(1, "a\nb", 1), (4, "z", 6)]
    assert [(raw, place["line"], place["byte"]) for raw, _, place in found.letters] == [
        (b"2,x", 4, 20),
        (b"3,y,4,5", 5, 24),
    ]


@pytest.mark.row("M-004-07", met_by="connectors/files/csv.py")
def test_a_value_that_fits_no_given_type_is_refused_with_its_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,v\n1,2\n2,x\n")
    found = read(path, columns={"v": "BIGINT"})
    assert found.rows == [(1, 2)]
    assert found.letters == [(b"2,x", "v: 'x' is no BIGINT", {"file": str(path), "line": 3, "byte": 9, "column": "v"})]


def test_type_faults_in_unused_columns_do_not_count_but_structural_ones_do(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,v\n1,2\n2,x\n3\n")
    found = read(path, ["id"], columns={"v": "BIGINT"})
    assert found.rows == [(1,), (2,)]
    assert [raw for raw, _, _ in found.letters] == [b"3"]


@pytest.mark.parametrize(("type", "text"), [("BIGINT", "2.5"), ("INTEGER", "1e2"), ("DECIMAL(10,2)", "2.567"),
                                            ("DATE", "2024-01-01 10:00:00")])  # fmt: skip
def test_a_cast_that_would_change_a_value_refuses_the_record(tmp_path: Path, type: str, text: str) -> None:
    good = "2024-01-02" if type == "DATE" else "7"
    path = tmp_path / "a.csv"
    path.write_text(f"id,v\n1,{good}\n2,{text}\n3,{good}\n")
    found = read(path, columns={"v": type})
    assert [row[0] for row in found.rows] == [1, 3]
    assert [(raw, place["line"]) for raw, _, place in found.letters] == [(f"2,{text}".encode(), 3)]


@pytest.mark.parametrize(("values", "type"), [
    (["007", "12"], "VARCHAR"), (["1", "2.5"], "DOUBLE"), (["1", "9223372036854775808"], "DECIMAL(38,0)"),
    (["12345678901234567890.12", "1"], "DECIMAL(38,2)"), (["2024-01-01", "2024-02-30"], "VARCHAR"),
    (["31.12.2024", "01.02.2024"], "DATE"), (["01/02/2024", "03/04/2024"], "VARCHAR"),
    (["01/02/2024", "13/04/2024"], "DATE"),
    (["true", "false"], "BOOLEAN"), (["yes", "no"], "VARCHAR"), (["2024-01-01T10:00:00Z", "2024-01-01T10:00:01Z"],
    "TIMESTAMP WITH TIME ZONE"), (["2024-01-01 10:00:00", "2024-01-01T10:00:01.5"], "TIMESTAMP"),
    (["1e5", "1.5e300"], "DOUBLE"),
    (["NaN", "1.5"], "DOUBLE"), (["NaN", "NaN"], "VARCHAR"), (["-0", "1"], "BIGINT"), (["+1", "2"], "VARCHAR"),
])  # fmt: skip
def test_texts_are_typed_only_where_nothing_is_lost(tmp_path: Path, values: list[str], type: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name;v\n" + "".join(f"x;{value}\n" for value in values))
    assert read(path).probe.columns["v"] == type


def test_a_late_value_widens_the_type_of_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,v\n" + "1,1\n" * 400_000 + "2,007\n")
    assert read(path).probe.columns["v"] == "VARCHAR"


def test_mixed_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'id,name\n1,"a\r\nb"\r\n2,c\n3,d\r\n')
    assert read(path).rows == [(1, "a\r\nb"), (2, "c"), (3, "d")]


def test_an_open_quotation_mark_loses_no_other_record(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,name,v\n1,a,2\n2,"b,3\n4,c,5\n5,d,6\n')
    found = read(path)
    assert found.rows == [(1, "a", 2), (4, "c", 5), (5, "d", 6)]
    assert [(raw, place["line"]) for raw, _, place in found.letters] == [(b'2,"b,3', 3)]


def test_bytes_that_are_no_utf8_are_refused_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,name\n1,Jäger\n2,Öl\n".encode() + b"3,\xff\xfe\n4,x\n")
    found = read(path)
    assert [row[0] for row in found.rows] == [1, 2, 4]
    assert found.letters[0][0] == b"3,\xff\xfe"


def test_files_of_a_pattern_are_united_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,v\n1,2\n")
    (tmp_path / "b.csv").write_text("v;id;w\n2,5;7;x\n")
    found = read(str(tmp_path / "*.csv"), filename="file")
    assert found.probe.columns == {"id": "BIGINT", "v": "DOUBLE", "w": "VARCHAR", "file": "VARCHAR"}
    assert sorted(found.rows) == [(1, 2.0, None, str(tmp_path / "a.csv")), (7, 2.5, "x", str(tmp_path / "b.csv"))]


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("a\n1\n")
    with pytest.raises(AuthoringError) as caught:
        read(tmp_path / "order.csv")
    assert caught.value.code == "RNL-FILE-001"
    assert "orders.csv" in caught.value.hint
    assert caught.value.where["field"] == "path"


def test_an_unknown_column_in_columns_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("price,b\n1,2\n")
    with pytest.raises(AuthoringError, match="prise") as caught:
        read(tmp_path / "a.csv", columns={"prise": "BIGINT"})
    assert "price" in caught.value.hint


def test_too_many_columns_are_a_limit(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",".join(f"c{n}" for n in range(60_000)) + "\n")
    with pytest.raises(LimitError):
        read(tmp_path / "a.csv")


def test_an_oversized_record_is_a_limit_and_not_a_loss(tmp_path: Path) -> None:
    with open(tmp_path / "a.csv", "wb") as file:
        file.write(b"a,b\n1,2\n1," + b"x" * (40 << 20) + b"\n2,3\n")
    with pytest.raises(LimitError) as caught:
        read(tmp_path / "a.csv")
    assert caught.value.code == "RNL-LIMIT-033"


def test_an_empty_file_has_no_columns_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("")
    found = read(tmp_path / "a.csv")
    assert (found.columns, found.rows) == ([], [])


CELLS = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), CELLS, CELLS), min_size=1, max_size=8))
def test_what_is_written_is_read_back(tmp_path: Path, rows) -> None:
    values = ", ".join(f"(({n})::BIGINT, {_literal(a)}, {_literal(b)})" for n, a, b in rows)
    path = tmp_path / "round.csv"
    write(f"SELECT * FROM (VALUES {values}) t(id, a, b)", path, formulas="raw")
    types = {"id": "BIGINT", "a": "VARCHAR", "b": "VARCHAR"}
    found = read(path, columns=types, delimiter=",", quote='"', header=True)
    assert found.rows == rows
    assert found.letters == []


def _literal(text: str | None) -> str:
    return "NULL::VARCHAR" if text is None else "'" + text.replace("'", "''") + "'"


def test_the_standard_library_reads_what_is_written(tmp_path: Path) -> None:
    write("SELECT 1 AS id, 'a\"b\nc' AS s, DATE '2024-01-02' AS d, 1.50::DECIMAL(5,2) AS n", tmp_path / "a.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "a.csv").read_text())))
    assert rows == [["id", "s", "d", "n"], ["1", 'a"b\nc', "2024-01-02", "1.50"]]
    assert read(tmp_path / "a.csv", columns={"n": "DECIMAL(5,2)"}).rows == [
        (1, 'a"b\nc', date(2024, 1, 2), Decimal("1.50"))
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_refused_record_has_its_bytes_whatever_ends_the_lines(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(end.join(["id,v", "1,2", "2,x", "3,4", "5", "6,7", ""]).encode())
    found = read(path, columns={"v": "BIGINT"})
    assert found.rows == [(1, 2), (3, 4), (6, 7)]
    assert [(raw, place["line"], place["byte"]) for raw, _, place in found.letters] == [
        (b"2,x", 3, 7 + 2 * len(end)),
        (b"5", 5, 13 + 4 * len(end)),
    ]


def test_numbers_as_programs_print_doubles_are_doubles_and_longer_ones_are_not(tmp_path: Path) -> None:
    chance = random.Random(3)
    printed = [repr(chance.random() * 10.0 ** chance.randrange(-8, 9)) for _ in range(2000)]
    (tmp_path / "a.csv").write_text("a\n" + "\n".join(printed) + "\n")
    found = read(tmp_path / "a.csv")
    assert found.types == ["DOUBLE"] and [repr(row[0]) for row in found.rows] == printed
    (tmp_path / "b.csv").write_text("a,b\n" + "\n".join(f"{n}.{10**17 + n * 7},x{n}" for n in range(100)) + "\n")
    found = read(tmp_path / "b.csv")
    assert found.types == ["DECIMAL(38,18)", "VARCHAR"]
    assert [str(row[0]) for row in found.rows] == [f"{n}.{10**17 + n * 7}" for n in range(100)]
    (tmp_path / "c.csv").write_text("a;b\n0,3333333333333333;1\n27,25;2\n")
    assert read(tmp_path / "c.csv").rows == [(0.3333333333333333, 1), (27.25, 2)]
