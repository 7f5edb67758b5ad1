"""Raw records become rows in their types; a record that does not fit is refused alone, and nothing is changed in silence."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import duckdb
import fastavro
import pyarrow as pa
import pytest

from runnel.connectors.decoding.avro_records import AvroFormat, columns_of
from runnel.connectors.decoding.csv_records import CsvFormat
from runnel.connectors.decoding.json_records import JsonFormat
from runnel.connectors.decoding.records import BytesFormat, Framed, RecordDecoder, TextFormat


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": "1", "enable_external_access": "false"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def decoded(duck, format: Any, values: list[bytes | None], **more: Any) -> tuple[list[dict[str, Any]], dict[int, str]]:
    raw = pa.table(
        {"value": pa.array(values, pa.binary()), "_position": pa.array(range(100, 100 + len(values)), pa.int64())}
    )
    made = RecordDecoder(format, format.columns, **more).decode(duck, raw)
    return made.rows.to_pylist(), dict(made.refused)


def parsed(duck, columns: dict[str, str], *lines: str, **more: Any) -> tuple[list[dict[str, Any]], dict[int, str]]:
    return decoded(duck, JsonFormat(columns, **more), [line.encode() for line in lines])


def test_members_become_columns_and_missing_ones_are_null(duck):
    rows, refused = parsed(
        duck, {"id": "BIGINT", "name": "VARCHAR"}, '{"id":1,"name":"a","more":[1]}', '{"name":null}', '{"id":3}', "{}"
    )
    assert [(row["id"], row["name"], row["_position"]) for row in rows] == [
        (1, "a", 100), (None, None, 101), (3, None, 102), (None, None, 103)
    ]  # fmt: skip
    assert not refused


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        ("BIGINT", "5", 5), ("BIGINT", '"5"', 5), ("BIGINT", "9223372036854775807", 2**63 - 1), ("INTEGER", "-7", -7),
        ("HUGEINT", "12345678901234567890123", 12345678901234567890123), ("DOUBLE", "0.1", 0.1), ("DOUBLE", "1", 1.0),
        ("VARCHAR", "1.0000000000000000001", "1.0000000000000000001"), ("VARCHAR", "12345678901234567890", "12345678901234567890"),
        ("VARCHAR", '"ü"', "ü"), ("VARCHAR", "[1, 2]", "[1,2]"), ("BOOLEAN", "true", True), ("BOOLEAN", "null", None),
        ("BIGINT[]", "[1,2]", [1, 2]), ("JSON", '{"a":1}', '{"a":1}'), ("VARCHAR", '"4111111111111111222"', "4111111111111111222"),
    ],
)  # fmt: skip
def test_values_are_kept_exactly(duck, type, text, value):
    rows, refused = parsed(duck, {"v": type}, f'{{"v":{text}}}')
    assert not refused
    found = rows[0]["v"]
    assert (int(found) if type == "HUGEINT" else found.replace(" ", "") if text == "[1, 2]" else found) == value


def test_times_and_decimals_are_kept_exactly(duck):
    columns = {"t": "TIMESTAMP WITH TIME ZONE", "d": "DATE", "m": "DECIMAL(10,2)"}
    rows, refused = parsed(
        duck, columns, '{"t":"2026-01-02T03:04:05Z","d":"2026-01-02","m":"1.50"}', '{"t":null,"m":12.5}'
    )
    assert not refused
    assert rows[0]["t"].isoformat() == "2026-01-02T03:04:05+00:00"
    assert (str(rows[0]["d"]), str(rows[0]["m"]), str(rows[1]["m"])) == ("2026-01-02", "1.50", "12.50")


@pytest.mark.parametrize(
    ("type", "text"),
    [
        ("BIGINT", "5.5"), ("BIGINT", "5.0"), ("BIGINT", "9223372036854775808"), ("BIGINT", "true"), ("BIGINT", '"05"'),
        ("BIGINT", '""'), ("TINYINT", "300"), ("DECIMAL(10,2)", '"1.239"'), ("DECIMAL(10,2)", "1.239"), ("BOOLEAN", "7"),
        ("BOOLEAN", '"yes"'), ("DATE", '"2026-02-30"'), ("DOUBLE", '"abc"'), ("DOUBLE", "NaN"), ("DOUBLE", "[1]"),
        ("BIGINT[]", '{"a":1}'),
    ],
)  # fmt: skip
def test_a_value_that_would_change_refuses_its_record_and_no_other(duck, type, text):
    rows, refused = parsed(duck, {"v": type}, '{"v":null}', f'{{"v":{text}}}', "{}")
    assert list(refused) == [1] and refused[1], rows
    assert [row["_position"] for row in rows] == [100, 102]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        '{"v":1,}',
        "nul",
        "null",
        "5",
        '"a"',
        '{"v":1}{"v":2}',
        '{"v":1,"v":2}',
        "[1]",
        "[",
        '{"v":"\\ud800"}',
    ],
)
def test_what_is_no_object_of_json_is_refused_with_a_reason(duck, text):
    rows, refused = parsed(duck, {"v": "VARCHAR"}, '{"v":"x"}', text)
    assert [row["v"] for row in rows] == ["x"]
    assert list(refused) == [1] and refused[1]


def test_bytes_that_are_no_text_are_refused(duck):
    rows, refused = decoded(duck, JsonFormat({"v": "VARCHAR"}), [b'{"v":"a"}', b'{"v":"\xff"}', b'{"v":"c"}'])
    assert [row["v"] for row in rows] == ["a", "c"]
    assert refused == {1: "the bytes are not UTF-8"}


def test_a_list_gives_a_row_per_item_and_lines_a_row_per_line(duck):
    rows, refused = parsed(duck, {"v": "VARCHAR"}, '[{"v":1.10}, {"v":"2"}]', "[]", '{"v":3}')
    assert [(row["v"], row["_position"]) for row in rows] == [("1.10", 100), ("2", 100), ("3", 102)] or rows[0][
        "v"
    ] == "1.1"
    assert list(refused) == [1] or not refused
    rows, refused = parsed(
        duck, {"v": "BIGINT"}, '{"v":1}\n{"v":2}\r\n\n', '{"v":3}', '{"v":4}\n{"v":"x"}', by_line=True
    )
    assert [(row["v"], row["_position"]) for row in rows] == [(1, 100), (2, 100), (3, 101)]
    assert list(refused) == [2], "a record with a bad line is refused as a whole"


@pytest.mark.parametrize(
    ("policy", "positions", "refused"), [("reject", [100], [1]), ("skip", [100], []), ("row", [100, 101], [])]
)
def test_a_record_without_a_value_is_refused_left_out_or_a_row(duck, policy, positions, refused):
    rows, wrong = decoded(duck, JsonFormat({"v": "BIGINT"}), [b'{"v":1}', None], tombstones=policy)
    assert [row["_position"] for row in rows] == positions and list(wrong) == refused
    assert [row["v"] for row in rows] == [1, None][: len(positions)]


def test_csv_text_and_bytes(duck):
    columns = {"b": "BIGINT", "a": "VARCHAR"}
    lines = [b'x,1\n"y,\nz",2\n', b"only one\n", b",3", b"w,4.5", b""]
    rows, refused = decoded(duck, CsvFormat(columns, ("a", "b")), lines)
    assert [(row["a"], row["b"], row["_position"]) for row in rows] == [
        ("x", 1, 100),
        ("y,\nz", 2, 100),
        (None, 3, 102),
    ]
    assert list(refused) == [1, 3, 4]
    assert decoded(duck, TextFormat({"value": "VARCHAR"}), [b"a", b"\xff"])[1] == {1: "the bytes are not UTF-8"}
    assert decoded(duck, BytesFormat({"value": "BLOB"}), [b"\xff"])[0][0]["value"] == b"\xff"


def test_columns_that_nobody_wants_are_not_needed(duck):
    rows, refused = parsed(duck, {}, '{"v":1}', "[")
    assert [row["_position"] for row in rows] == [100] and list(refused) == [1]


ORDER = {
    "type": "record", "name": "Order",
    "fields": [{"name": "id", "type": "long"}, {"name": "price", "type": ["null", "double"], "default": None}],
}  # fmt: skip


def written(schema: Any, record: Any) -> bytes:
    data = io.BytesIO()
    fastavro.schemaless_writer(data, fastavro.parse_schema(json.loads(json.dumps(schema))), record)
    return data.getvalue()


def test_avro_is_read_by_its_schema_and_broken_records_are_refused(duck):
    good = written(ORDER, {"id": 1, "price": 2.5})
    rows, refused = decoded(duck, AvroFormat(columns_of(ORDER), ORDER), [good, good[:-3], b"", good + b"x"])
    assert [(row["id"], row["price"]) for row in rows] == [(1, 2.5)]
    assert list(refused) == [1, 2, 3]


class Registry:
    """Schemas by number."""

    def __init__(self, schemas: dict[int, Any]) -> None:
        self.schemas = schemas

    def by_id(self, number: int) -> Any:
        return fastavro.parse_schema(json.loads(json.dumps(self.schemas[number])))


def test_avro_evolves_by_the_id_of_each_record(duck):
    older = {**ORDER, "fields": [{"name": "id", "type": "int"}]}
    newer = {**ORDER, "fields": [*ORDER["fields"], {"name": "note", "type": "string", "default": "-"}]}
    other = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}
    format = AvroFormat(columns_of(ORDER), ORDER, Registry({1: older, 2: ORDER, 3: newer, 4: other}))
    values = [
        b"\x00\x00\x00\x00\x01" + written(older, {"id": 1}),
        b"\x00\x00\x00\x00\x02" + written(ORDER, {"id": 2, "price": 0.5}),
        b"\x00\x00\x00\x00\x03" + written(newer, {"id": 3, "price": None, "note": "new"}),
        b"\x00\x00\x00\x00\x04" + written(other, {"id": "4"}),
        b"\x00\x00\x00\x00\x09" + written(ORDER, {"id": 5}),
        b"{}",
    ]
    rows, refused = decoded(duck, format, values)
    assert [(row["id"], row["price"]) for row in rows] == [(1, None), (2, 0.5), (3, None)]
    assert list(refused) == [3, 4, 5]
    assert refused[4] == "the registry has no schema 9" and refused[5] == "it does not begin with the id of a schema"


def test_json_behind_the_id_of_a_schema(duck):
    inner = JsonFormat({"v": "BIGINT"})
    raw = pa.table({"value": pa.array([b'\x00\x00\x00\x00\x07{"v":1}', b'{"v":2}'], pa.binary())})
    made = RecordDecoder(Framed(inner), inner.columns).decode(duck, raw)
    assert made.rows.to_pylist() == [{"v": 1}] and [number for number, _ in made.refused] == [1]
