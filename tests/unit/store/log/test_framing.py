"""How bytes are counted and cut into records."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnel.errors import AuthoringError
from runnel.sdk.log import LogGap, LogPosition
from runnel.store.log.cutting import cut, cut_json
from runnel.store.log.framing import Framing, count_csv, count_lines, cut_csv

LINES = st.lists(st.sampled_from([b"{}", b'{"a": 1}', b"", b" ", b"\t", b"\r", b" {}", b"x\r", b"\x0b", b"\xff"]))


def records_of(framing: Framing, body: bytes, count: int) -> list[bytes]:
    records, _ = cut(framing, memoryview(body), count)
    assert isinstance(records, pa.LargeBinaryArray)
    return records.to_pylist()


@given(LINES, st.booleans())
def test_as_many_lines_are_read_as_were_counted(lines, ended):
    body = b"\n".join(lines) + (b"\n" if ended else b"")
    count = count_lines(body)
    stored = body if body.endswith(b"\n") else body + b"\n"
    found = records_of(Framing.LINES, stored, count)
    assert found == [line.removesuffix(b"\r") for line in lines if line.strip()]
    assert len(found) == count


@given(st.lists(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) |
                             st.dictionaries(st.text(), inner), max_leaves=8)), st.sampled_from([None, 1, "\t"]))  # fmt: skip
def test_the_elements_of_an_array_are_cut_as_they_are_written(values, indent):
    body = json.dumps(values, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    parts = list(cut_json(body))
    assert [json.loads(part.decode("utf-8", "surrogatepass")) for part in parts] == values
    assert all(part in body for part in parts)


def test_numbers_keep_every_digit_when_an_array_is_cut():
    assert list(cut_json(b" [1.0, 12345678901234567890123, 1E5 ,{\"a\":1.10}] ")) == [
        b"1.0", b"12345678901234567890123", b"1E5", b'{"a":1.10}']  # fmt: skip


def test_a_document_that_is_no_array_is_one_record():
    assert list(cut_json(b'  {"a": [1, 2]}\n')) == [b'{"a": [1, 2]}']


@given(
    st.lists(st.lists(st.sampled_from(["a", "", 'say "x"', "two\nlines", "1,2"]), min_size=2, max_size=3), min_size=1)
)
def test_csv_records_may_hold_line_breaks_between_quotation_marks(rows):
    lines = [",".join('"' + field.replace('"', '""') + '"' for field in row) for row in rows]
    body = "\r\n".join(lines).encode()
    assert cut_csv(body) == [line.encode() for line in lines]
    assert count_csv(body) == len(rows) - 1


def test_csv_of_a_header_alone_has_no_record():
    assert count_csv(b"a,b\n") == 0
    assert count_csv(b"") == 0


@pytest.mark.parametrize("text", ["", "1", "a-1", "1-", "-1-2", "1-2-3", "1 -2"])
def test_what_is_no_position_is_refused(text):
    with pytest.raises(AuthoringError, match="is no position"):
        LogPosition.parse(text)


def test_a_position_is_read_as_it_was_written():
    assert LogPosition.parse(str(LogPosition(3, 1000))) == LogPosition(3, 1000)


def test_a_gap_says_which_records_are_missing():
    gap = LogGap(10, 13, "its bytes are damaged", "x.log", 2048)
    assert gap.records == 3
    assert str(gap) == "records 10 to 12 are missing: its bytes are damaged (x.log at byte 2048)"
