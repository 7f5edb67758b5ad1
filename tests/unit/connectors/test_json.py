"""JSON and NDJSON: strict grammar, exact numbers, refused records with their place."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.connectors.file_access import DATA, Read, read

from runnel.errors import LimitError, RunnelError

PARSING = sorted((DATA / "json/test_parsing").glob("*.json"))


@pytest.mark.row("M-004-04", met_by="connectors/files/json.py")
@pytest.mark.parametrize("path", PARSING, ids=lambda path: path.stem)
def test_the_parsing_suite(path: Path) -> None:
    try:
        found: Read | None = read(path, format="json")
    except RunnelError:
        found = None
    refused = found is None or bool(found.letters)
    if path.name.startswith("y_"):
        assert not refused
    elif path.name.startswith("n_"):
        assert refused


@pytest.mark.parametrize("path", sorted((DATA / "json/test_transform").glob("*.json")), ids=lambda path: path.stem)
def test_the_transform_suite_gives_values_or_letters(path: Path) -> None:
    found = read(path, format="json")
    assert found.rows or found.letters


def lines(path: Path, *records: str) -> Path:
    path.write_text("".join(record + "\n" for record in records))
    return path


def test_missing_keys_are_null_and_doubled_ones_are_refused(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.ndjson", '{"a":1,"s":"x"}', '{"a":2}', "", '{"a":3,"a":4}', "{bad", '{"a":5,"s":"007"}')
    found = read(path)
    assert found.rows == [(1, "x"), (2, None), (5, "007")]
    assert [(raw, place["line"], place["byte"]) for raw, _, place in found.letters] == [
        (b'{"a":3,"a":4}', 4, 25), (b"{bad", 5, 39)
    ]  # fmt: skip


@pytest.mark.parametrize("number", ["9007199254740993", "-9223372036854775808", "18446744073709551616",
                                    "12345678901234567890.125", "0.1", "123456789012345678901234567890"])  # fmt: skip
def test_numbers_keep_all_digits(tmp_path: Path, number: str) -> None:
    found = read(lines(tmp_path / "a.ndjson", f'{{"n":{number}}}', '{"n":1}'))
    assert Decimal(str(found.rows[0][0])) == Decimal(number)
    assert not found.letters


def decimals(widths: Iterable[int], scale: int) -> list[str]:
    chance = random.Random(1)
    return [f"{chance.randrange(10 ** (w - 1), 10**w)}.{chance.randrange(10**scale):0{scale}d}" for w in widths for _ in range(100)]


CHANCE = random.Random(2)
WRITTEN = {
    "DECIMAL(38,2)": decimals(range(1, 34), 2),
    "VARCHAR": decimals([20, 30, 40], 2),
    "DECIMAL(38,18)": decimals([1, 3, 8], 18),
    "DOUBLE": [repr(CHANCE.random() * 10.0 ** CHANCE.randrange(-8, 9)) for _ in range(1000)],
    "DECIMAL(38,0)": [str(CHANCE.randrange(10 ** CHANCE.randrange(1, 30))) for _ in range(1000)],
    "DECIMAL(38,1)": ["0.5", *(str(CHANCE.randrange(10**18)) for _ in range(100))],
    "DECIMAL(38,5)": ["1e-5", "0.00001", "123456789012345678.25", "1E+2"],
}


@pytest.mark.parametrize("form", ["json", "ndjson"])
@pytest.mark.parametrize("type", WRITTEN)
def test_numbers_of_any_length_are_read_digit_by_digit(tmp_path: Path, type: str, form: str) -> None:
    records = [f'{{"a":{number}}}' for number in WRITTEN[type]]
    path = tmp_path / f"a.{form}"
    path.write_text("\n".join(records) if form == "ndjson" else f"[{','.join(records)}]")
    found = read(path)
    assert found.types == [type] and not found.letters
    assert [Decimal(str(row[0])) for row in found.rows] == [Decimal(number) for number in WRITTEN[type]]


@pytest.mark.parametrize("type", WRITTEN)
def test_numbers_that_a_given_decimal_would_round_are_refused_and_the_others_are_exact(tmp_path: Path, type: str) -> None:
    path = lines(tmp_path / "a.ndjson", *(f'{{"a":{number}}}' for number in WRITTEN[type]))
    found = read(path, columns={"a": "DECIMAL(38,2)"})
    fits = [Decimal(n) for n in WRITTEN[type] if Decimal(n).as_tuple().exponent >= -2 or Decimal(n) * 100 % 1 == 0]
    fits = [number for number in fits if abs(number) < 10**36]
    assert [row[0] for row in found.rows] == fits and len(found.letters) == len(WRITTEN[type]) - len(fits)


def test_long_numbers_among_texts_keep_their_digits(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.ndjson", '{"a":94785119352959.32}', '{"a":"x"}', '{"a":12345678901234567.89}', '{"a":1.5}')
    assert [row[0] for row in read(path).rows] == ["94785119352959.32", "x", "12345678901234567.89", "1.5"]


@pytest.mark.parametrize("record", ['{"a":NaN}', '{"a":1,}', '{"a":Infinity}', '{"a":01}', "{'a':1}", '{"a":1} x'])
def test_what_rfc_8259_does_not_allow_is_refused(tmp_path: Path, record: str) -> None:
    found = read(lines(tmp_path / "a.ndjson", '{"a":1}', '{"a":2}', record))
    assert found.rows == [(1,), (2,)]
    assert [raw for raw, _, _ in found.letters] == [record.encode()]


def test_a_given_type_that_would_change_a_value_refuses_the_record(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.ndjson", '{"n":1.5,"d":"2024-01-01"}', '{"n":2,"d":"x"}', '{"n":3,"d":"2024-01-02"}')
    found = read(path, columns={"n": "BIGINT", "d": "DATE"})
    assert [row[0] for row in found.rows] == [3]
    assert len(found.letters) == 2


def test_nested_values_become_structs_and_lists(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        json.dumps([{"a": {"x": 1}, "l": [1, 2]}, {"a": {"x": 2, "y": "q"}, "l": []}], indent=1)
    )
    found = read(tmp_path / "a.json")
    assert found.probe.columns == {"a": "STRUCT(x BIGINT, y VARCHAR)", "l": "BIGINT[]"}
    assert found.rows == [({"x": 1, "y": None}, [1, 2]), ({"x": 2, "y": "q"}, [])]


def test_a_broken_array_gives_its_good_records_and_the_rest_as_one_letter(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"a":1},\n{"a":2},\n{"a":')
    found = read(tmp_path / "a.json")
    assert found.rows == [(1,), (2,)]
    assert [(raw, place["line"], place["byte"]) for raw, _, place in found.letters] == [(b'{"a":', 3, 19)]


@pytest.mark.parametrize(("text", "rows"), [('{"a":1}', [(1,)]), ('{"a":1}{"a":2}', [(1,), (2,)]),
                                            ('{\n "a": 1\n}\n{\n "a": 2\n}', [(1,), (2,)]),
                                            ("[1,2]", [(1,), (2,)])])  # fmt: skip
def test_shapes_of_documents(tmp_path: Path, text: str, rows: list) -> None:
    (tmp_path / "a.json").write_text(text)
    assert read(tmp_path / "a.json").rows == rows


def test_text_that_looks_like_a_date_stays_text(tmp_path: Path) -> None:
    assert read(lines(tmp_path / "a.ndjson", '{"d":"2024-01-01"}')).probe.columns == {"d": "VARCHAR"}


def test_deep_nesting_is_a_limit(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(LimitError):
        read(tmp_path / "a.json")


def test_the_format_is_told_by_content(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_text('[{"a":1}]')
    assert read(tmp_path / "a.dat").rows == [(1,)]
