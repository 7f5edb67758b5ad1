"""Excel, XML, Avro and text; packings and their limits."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
import xlsxwriter
from tests.unit.connectors.file_access import DATA, read

from runnel.errors import AuthoringError, LimitError, RunnelError

EXPECTED = json.loads((DATA / "EXPECTED.json").read_text())


@pytest.mark.row("M-004-06", met_by="connectors/files/avro.py", deviation="the schema is the one inside the file; a schema registry comes with brokers")
@pytest.mark.parametrize("name", sorted(EXPECTED["avro"]))
def test_avro_files_give_the_rows_that_are_expected(name: str) -> None:
    found = read(DATA / name)
    assert (len(found.rows), found.letters) == (EXPECTED["avro"][name]["rows"], [])


def test_a_damaged_avro_file_gives_what_it_can_and_refuses_the_rest(tmp_path: Path) -> None:
    data = (DATA / "avro/alltypes_plain.bzip2.avro").read_bytes()
    (tmp_path / "a.avro").write_bytes(data[:-20])
    found = read(tmp_path / "a.avro")
    assert (found.rows, len(found.letters)) == ([], 1)
    (tmp_path / "b.avro").write_bytes(data[:30])
    with pytest.raises(RunnelError):
        read(tmp_path / "b.avro")


def workbook(path: Path) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        day, stamp = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet = book.add_worksheet("Data")
        sheet.write_row(0, 0, ["A report"])
        sheet.write_row(2, 0, ["id", "when", "at", "code", "sum", "flag"])
        for row in range(3):
            sheet.write_row(3 + row + (row == 2), 0, [row])
            sheet.write_datetime(3 + row + (row == 2), 1, dt.datetime(2024, 1, 1 + row), day)
            sheet.write_datetime(3 + row + (row == 2), 2, dt.datetime(2024, 1, 1, 10, row), stamp)
            sheet.write_string(3 + row + (row == 2), 3, f"00{row}")
            sheet.write_formula(3 + row + (row == 2), 4, "=1/2", None, 0.5)
            sheet.write_boolean(3 + row + (row == 2), 5, row == 1)
        book.add_worksheet("Two").write_row(0, 0, ["a", "b"])
    return path


def test_a_sheet_is_read_below_its_title_without_blank_rows(tmp_path: Path) -> None:
    found = read(workbook(tmp_path / "a.xlsx"))
    assert found.probe.columns == {"id": "BIGINT", "when": "DATE", "at": "TIMESTAMP", "code": "VARCHAR",
                                   "sum": "DOUBLE",
                                   "flag": "BOOLEAN"}  # fmt: skip
    assert found.rows[2] == (2, dt.date(2024, 1, 3), dt.datetime(2024, 1, 1, 10, 2), "002", 0.5, False)
    assert len(found.rows) == 3


def test_an_unknown_sheet_names_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(AuthoringError) as caught:
        read(workbook(tmp_path / "a.xlsx"), sheet="Nope")
    assert "Data, Two" in caught.value.hint


def test_xml_records_are_found_and_nested(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(
        '<?xml version="1.0" encoding="iso-8859-1"?><r xmlns="urn:x"><meta>1</meta><o id="007"><p cur="EUR">12.50</p>'
        '<n>Jäger</n>'
        '<t>a</t><t>b</t></o><o id="8"><p cur="EUR">3</p><n/><t>c</t></o></r>'.encode("latin-1")
    )
    assert read(tmp_path / "a.xml").rows == [
        ("007", {"cur": "EUR", "value": "12.50"}, "Jäger", ["a", "b"]), ("8", {"cur": "EUR", "value": "3"}, None, ["c"])
    ]  # fmt: skip


def test_broken_xml_gives_its_first_records_and_a_letter(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<r><o><a>1</a></o>\n<o><a>2</a></o>\n<o><a>3</o></r>")
    found = read(tmp_path / "a.xml")
    assert found.rows == [(1,), (2,)]
    assert [place["line"] for _, _, place in found.letters] == [3]


@pytest.mark.parametrize(
    "declaration", ['<!ENTITY x SYSTEM "file:///etc/hostname">', '<!ENTITY y "ab"><!ENTITY x "&y;&y;">']
)
def test_xml_entities_are_a_limit(tmp_path: Path, declaration: str) -> None:
    (tmp_path / "a.xml").write_text(f"<!DOCTYPE r [{declaration}]><r><a>&x;</a><a>1</a></r>")
    with pytest.raises(LimitError):
        read(tmp_path / "a.xml")


@pytest.mark.row("M-003-414", met_by="connectors/files/text.py")
def test_text_is_numbered_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a\n\nb\r\nc")
    assert read(tmp_path / "a.txt").rows == [("a", 1), ("", 2), ("b", 3), ("c", 4)]


def test_a_zip_member_is_chosen_or_asked_for(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("one.csv", "a\n1\n")
        archive.writestr("two.json", '[{"b":2}]')
    with pytest.raises(AuthoringError, match="2 files"):
        read(tmp_path / "a.zip")
    assert read(tmp_path / "a.zip", member="two.json").rows == [(2,)]


def test_nested_archives_and_bombs_are_limits(tmp_path: Path) -> None:
    data, name = b"a\n1\n", "a.csv"
    for depth in range(4):
        with zipfile.ZipFile(tmp_path / f"{depth}.zip", "w") as archive:
            archive.writestr(name, data)
        data, name = (tmp_path / f"{depth}.zip").read_bytes(), f"{depth}.zip"
    with pytest.raises(LimitError):
        read(tmp_path / "3.zip")
    with gzip.open(tmp_path / "b.csv.gz", "wb", compresslevel=6) as file:
        for _ in range(300):
            file.write(b"0\n" * (1 << 19))
    with pytest.raises(LimitError):
        read(tmp_path / "b.csv.gz")


def test_a_damaged_gzip_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n" * 1000)[:-30])
    with pytest.raises(RunnelError):
        read(tmp_path / "a.csv.gz")


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(data)
    return sink.getvalue().to_pybytes()


def test_zstandard_files_of_one_and_of_several_frames_are_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.csv.zst").write_bytes(zstd(b"a,b\n" + b"1,2\n" * 50_000))
    assert len(read(tmp_path / "a.csv.zst").rows) == 50_000
    (tmp_path / "b.csv.zst").write_bytes(zstd(b"a,b\n1,2\n") + zstd(b"3,4\n") + zstd(b"5,6\n"))
    assert read(tmp_path / "b.csv.zst").rows == [(1, 2), (3, 4), (5, 6)]


@pytest.mark.parametrize("damage", ["end", "start", "middle"])
def test_a_damaged_zstandard_file_is_an_error(tmp_path: Path, damage: str) -> None:
    whole = zstd(b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * 7919 % 1000) for n in range(20_000)))
    half = len(whole) // 2
    cut = {"end": whole[:-30], "start": whole[:20], "middle": whole[:half] + whole[half + 4000 :]}
    (tmp_path / "a.csv.zst").write_bytes(cut[damage])
    with pytest.raises(RunnelError):
        read(tmp_path / "a.csv.zst")
