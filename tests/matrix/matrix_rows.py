"""The rows of the matrix: generated from a seed, the same in DuckDB and PostgreSQL, full of edges."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

COLUMNS: dict[str, str] = {
    "id": "INTEGER",
    "grp": "VARCHAR",
    "s": "VARCHAR",
    "u": "VARCHAR",
    "word": "VARCHAR",
    "num_text": "VARCHAR",
    "date_text": "VARCHAR",
    "js": "JSON",
    "i": "BIGINT",
    "j": "INTEGER",
    "small": "BIGINT",
    "n": "DECIMAL(18,4)",
    "m": "DECIMAL(10,2)",
    "x": "DOUBLE",
    "y": "DOUBLE",
    "unit": "DOUBLE",
    "b": "BOOLEAN",
    "d": "DATE",
    "d2": "DATE",
    "ts": "TIMESTAMP",
    "ts2": "TIMESTAMP",
    "tz": "TIMESTAMP WITH TIME ZONE",
    "texts": "VARCHAR[]",
    "ints": "BIGINT[]",
}

TEXTS = (
    "",
    " ",
    "a",
    "A",
    "abc",
    "ABC",
    "Zoë",
    "ÀÉÎ õü",
    "straße",
    "İstanbul",
    "ŉoo",
    "日本語",
    "👍🏽",
    "a👍b",
    "O'Neill",
    'say "hi"',
    "back\\slash",
    "100%",
    "under_score",
    "  padded\t",
    "line\nbreak",
    "tab\there",
    "nb\u00a0sp",
    "\u2003wide\u2003",
    "e\u0301",
    "a-b-c",
    "a,b,,c",
    "x@y.org",
    "ann.lee@mail.example.com",
    "https://x.org/a?b=1",
    "192.168.0.1",
    "::1",
    "+49 (30) 1234-567",
    "4111 1111 1111 1111",
    "DE89370400440532013000",
    "123e4567-e89b-12d3-a456-426614174000",
    "12",
    "-3.5e2",
    "1.5",
    "001",
    "DE",
    "hello world hello",
    "Banana",
    "ÿ",
    "zz",
    "Z",
    "_",
    "~",
    "aaa bbb",
    "\x7f",
    "ﬁ",
    "ǆ",
    "σς",
    "ab12 cd34",
)
DOUBLES = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    3.5,
    0.1,
    -7.25,
    1e-9,
    123456.789,
    -98765.4321,
    1e15,
    -1e15,
    1e100,
    float("nan"),
    float("inf"),
    float("-inf"),
    2.675,
    1.005,
    0.49999999999999994,
    1e-300,
    1e300,
)
INTEGERS = (
    0,
    1,
    -1,
    2,
    3,
    7,
    -8,
    10,
    97,
    255,
    -256,
    1000,
    123456789,
    -2147483648,
    2147483648,
    4503599627370496,
    -4503599627370497,
)
DECIMALS = (
    "0",
    "1",
    "-1",
    "0.5",
    "-0.5",
    "2.5",
    "1.25",
    "-2.675",
    "99999.9999",
    "-12345.6789",
    "0.0001",
    "33333333333.3333",
)
DATES = (
    "0001-01-01",
    "0099-12-31",
    "1582-10-15",
    "1899-12-31",
    "1900-02-28",
    "1970-01-01",
    "1999-12-31",
    "2000-01-01",
    "2000-02-29",
    "2024-02-29",
    "2024-12-29",
    "2024-12-30",
    "2025-01-01",
    "2025-01-05",
    "2025-01-06",
    "2025-03-30",
    "2025-10-26",
    "2026-06-30",
    "9999-12-31",
)
JSONS = (
    '{"a": 1, "b": "x", "c": [1, 2, 3], "d": {"e": true}, "n": null}',
    '{"a": "7.5", "c": []}',
    '{"a": 2.5e3, "b": ""}',
    '[1, "two", null]',
    "1.5",
    '"text"',
    "null",
    "true",
    "{}",
    '{"a": "no number", "c": {"x": 1}}',
    '{"a": -3, "d": {"e": "é"}}',
)


def make_rows(count: int = 160, seed: int = 20261121) -> list[dict[str, Any]]:
    """Return rows as Python values; every list above is used up before values repeat."""
    chance = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        rows.append({"id": number, **_texts(chance, number), **_numbers(chance, number), **_times(chance, number)})
    return rows


def _or_null(chance: random.Random, value: Any, share: float = 0.08) -> Any:
    return None if chance.random() < share else value


def _texts(chance: random.Random, number: int) -> dict[str, Any]:
    words = [chance.choice(("a", "b", "ä", "", "z", "B", None)) for _ in range(chance.randrange(4))]
    return {
        "grp": "abcd"[number % 4],
        "s": _or_null(chance, TEXTS[number % len(TEXTS)]),
        "u": _or_null(chance, chance.choice(TEXTS)),
        "word": _or_null(chance, chance.choice(("a", "b", "an", "el", "l", "ab"))),
        "num_text": _or_null(chance, chance.choice(("1", " 12 ", "-3", "007", "42"))),
        "date_text": _or_null(chance, chance.choice(("2025-01-31", "2000-02-29", "1999-12-31"))),
        "js": _or_null(chance, JSONS[number % len(JSONS)]),
        "texts": _or_null(chance, words),
        "ints": _or_null(chance, [chance.choice((1, 2, 3, -4, None)) for _ in range(chance.randrange(4))]),
    }


def _numbers(chance: random.Random, number: int) -> dict[str, Any]:
    return {
        "i": _or_null(chance, INTEGERS[number % len(INTEGERS)]),
        "j": _or_null(chance, chance.randrange(-3, 9)),
        "small": _or_null(chance, chance.randrange(1, 13)),
        "n": _or_null(chance, Decimal(DECIMALS[number % len(DECIMALS)])),
        "m": _or_null(chance, Decimal(chance.randrange(-500, 900)) / 4),
        "x": _or_null(chance, DOUBLES[number % len(DOUBLES)]),
        "y": _or_null(chance, chance.choice((chance.uniform(-50, 50), 0.0, 2.5, -1.5, 10.0))),
        "unit": _or_null(chance, chance.uniform(-1, 1)),
        "b": _or_null(chance, chance.random() < 0.5, 0.2),
    }


def _times(chance: random.Random, number: int) -> dict[str, Any]:
    day = date.fromisoformat(DATES[number % len(DATES)])
    moment = datetime(day.year, day.month, day.day) + timedelta(
        seconds=chance.randrange(0, 86400), microseconds=chance.choice((0, 1, 500000, 999999))
    )
    near = date(2025, 1, 1) + timedelta(days=chance.randrange(-400, 400))
    near_moment = datetime(
        near.year, near.month, near.day, chance.randrange(24), chance.randrange(60), chance.randrange(60)
    )
    zone = timezone(timedelta(hours=chance.choice((-11, -5, 0, 1, 2, 9))))
    return {
        "d": _or_null(chance, day),
        "d2": _or_null(chance, near),
        "ts": _or_null(chance, moment),
        "ts2": _or_null(chance, near_moment),
        "tz": _or_null(chance, near_moment.replace(tzinfo=zone)),
    }
