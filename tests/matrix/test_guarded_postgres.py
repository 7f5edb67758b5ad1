"""Attempts give a value, or nothing, for exactly the same inputs on PostgreSQL as on DuckDB, also for hostile ones."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import duckdb
import psycopg
import pytest
from sqlglot import exp

from runnel.compiler.dialects.grammar import read
from runnel.compiler.dialects.render import UnsupportedOperation, render

pytestmark = pytest.mark.postgres
TYPES = {"t": "VARCHAR", "i": "BIGINT", "j": "BIGINT", "n": "DECIMAL(24,4)", "x": "DOUBLE"}
WORDS = (
    "nan", "+-nan", "inf", "-INF", "infinity", "+-inf", "true", "TRUE", "tRuE", "yes", "n", "on", "İ", "epoch", "-infinity", "",
    "1e400", "1e-400", "-1e-400", "1.7976931348623157e308", "1.7976931348623159e308", "2.4e-324", "2.5e-324", "1e99999", "0e99999",
    "1e-99999", "0.0e123456", "-1e123456", "1_0", "1__0", "_1", "1_", "1_.5", "1._5", "1e_5", "1e1_0", "+-1", "-+1", "++1", "-0",
    "0x1F", "0x_1", "0x1_F", "-0x1F", " 0x1f", "0x1f ", "0x7FFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFF", "0b101", "0B2", "5e-3", "44.5e-2",
    "50e-2", "1e1.", "1.e2", ".e2", ".", "e1", "1e", "\u20031", "1\u00a0", "٣", "7\x0b", "\x0c7", " 7\t", "1e0000000000000000003",
    "1e-32768", "1e-32769", "1e32767", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "92233720368547758070e-1",
    ".9999999999999999999e18", "0.49110689943917587427e19", "9223372036854775807.5", "2147483647.4", "-128.5", "127.5", "1" + "0" * 310,
    "0." + "0" * 330 + "1", "2025-01-31", " 31.12.2024 ", "2025-02-29", "2024-02-29", "1900-02-29", "0000-01-01", "0-2-29", "2025- 1-31",
    "02025-01-31", "2025-01-31 10:20", "2025-01-31  1:2", "2025-01-3110:20", "2025-01-31 24:00", "2025-01-31 10:20:60",
    "2025-01-31T10:20:30", "2025-01-031", "2025-00-10", "31.04.2024", "12/31/2024", "2025-01-31\n",
)  # fmt: skip
SIGNS = "0123456789" * 3 + "..--+eE_ :/T\txb"
INTEGERS = (None, 0, 1, -1, 127, 128, -128, -129, 32767, 32768, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63 - 1, -(2**63), 10**8, 99_999_999)
DIVISORS = (None, 0, 1, -1, 2, -3, 10**9, -(2**63))
DECIMALS = (None, "0.5", "1.5", "-0.5", "-1.5", "127.49", "127.5", "-128.5", "2147483647.5", "99999.995", "0.005", "9223372036854775807.4999",
            "9223372036854775807.5")  # fmt: skip
DOUBLES = (None, 0.5, 1.5, 2.5, -0.5, 127.5, 126.5, -128.5, -129.0, math.nan, math.inf, -math.inf, 9.223372036854775e18, 9.223372036854776e18,
           -9.223372036854776e18, 2147483647.5, 1e300)  # fmt: skip
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y", "%H:%M", "%Y", "%d. %m. %Y")
CASES = (
    *(f"TRY_CAST(t AS {kind})" for kind in (*WHOLE, "DOUBLE", "BOOLEAN")),
    *(f"TRY_CAST({name} AS {kind})" for name in "nx" for kind in WHOLE),
    *(f"TRY_CAST({name} AS {kind})" for name in "in" for kind in (*WHOLE[:3], "DECIMAL(10,2)", "DECIMAL(5,2)", "DECIMAL(4,0)", "BOOLEAN")),
    *(f"CAST(try_strptime(t, '{format}') AS DATE)" for format in FORMATS),
    *(f"TRY({{'v': {value}}})" for value in (
        "CAST(t AS BIGINT) + 1", "CAST(t AS DOUBLE)", "CAST(t AS BOOLEAN)", "CAST(CAST(t AS DOUBLE) AS INTEGER)", "i // nullif(j, 0)",
        "i / nullif(j, 0)", "(i + 1) // nullif(j, 0)", "i // nullif(j, 0) * 2", "i // nullif(j - 1, 0)", "CAST(i AS INTEGER) + 1",
        "CAST(n AS INTEGER) + j > 5", "CAST(CAST(n AS INTEGER) AS TINYINT)", "CAST(strptime(t, '%Y-%m-%d') AS DATE) > DATE '2024-06-01'",
    )),
)  # fmt: skip
REFUSED = (
    "TRY_CAST(t AS DATE)", "TRY_CAST(t AS TIMESTAMP)", "TRY_CAST(t AS DECIMAL(10,2))", "TRY_CAST(x AS DECIMAL(10,2))",
    "TRY({'v': CAST(i + 1 AS INTEGER)})", "TRY({'v': x / nullif(x, 0)})", "TRY({'v': x // nullif(x, 0)})", "TRY({'v': upper(t)})",
    "try_strptime(t, '%Y%m%d')", "try_strptime(t, '%y-%m-%d')", "try_strptime(t, '%A')", "try_strptime(t, ' %Y')", "try_strptime(t, t)",
)  # fmt: skip


def texts(count: int = 2500) -> list[str]:
    """The words, numbers and dates of many forms, and words with a sign too many; the same ones in every run."""
    chance = random.Random(20261121)

    def digits(most: int) -> str:
        return "".join(chance.choice("0123456789") for _ in range(chance.randrange(1, most)))

    made = list(WORDS)
    for _ in range(count):
        kind = chance.random()
        if kind < 0.3:
            word = chance.choice(WORDS)
            place = chance.randrange(len(word) + 1)
            made.append(word[:place] + chance.choice(SIGNS) + word[place:])
        elif kind < 0.7:
            fraction = chance.choice(("", ".", "." + digits(4), "." + digits(30), "." + "0" * chance.randrange(25) + digits(4)))
            power = chance.choice(("", "", f"e{chance.randrange(-25, 25)}", f"E+{chance.randrange(8)}", f"e{chance.randrange(9)}."))
            made.append(chance.choice(("", "-", "+", " ")) + chance.choice(("", digits(4), digits(22), "0")) + fraction + power)
        else:
            year = chance.choice((0, 4, 1900, 2000, 2023, 2024, 9999, chance.randrange(12000)))
            form = chance.choice(("{}-{}-{}", "{:04}-{:02}-{:02}", "{2:02}.{1:02}.{0}", "{1}/{2}/{0}"))
            day = form.format(year, chance.randrange(14), chance.randrange(33))
            moment = f"{chance.choice((' ', '  ', 'T', ''))}{chance.randrange(26)}:{chance.randrange(62)}"
            made.append(day + (moment if chance.random() < 0.4 else ""))
    return list(dict.fromkeys(made))


@pytest.fixture(scope="module")
def both(postgres_address: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, psycopg.Connection[Any]]]:
    chance = random.Random(1)
    rows = [(text, *(chance.choice(values) for values in (INTEGERS, DIVISORS, DECIMALS, DOUBLES))) for text in [*texts(), None]]
    rows += [("", whole, divisor, None, None) for whole in INTEGERS for divisor in DIVISORS]
    duck = duckdb.connect(config={"enable_external_access": "false"})
    duck.execute("SET TimeZone='UTC'")
    # As in the worker: the optimiser would move a repeated part out of TRY.
    duck.execute("SET disabled_optimizers='common_subexpressions'")
    duck.execute("CREATE TABLE g (k INTEGER, t VARCHAR, i BIGINT, j BIGINT, n DECIMAL(24,4), x DOUBLE)")
    duck.executemany("INSERT INTO g VALUES (?, ?, ?, ?, ?, ?)", [(number, *row) for number, row in enumerate(rows)])
    with psycopg.connect(postgres_address, autocommit=True) as server:
        server.execute(b"SET timezone='UTC'")
        server.execute(b"CREATE TEMP TABLE g (k integer, t text, i bigint, j bigint, n numeric(24,4), x double precision)")
        with server.cursor() as cursor, cursor.copy(b"COPY g FROM STDIN") as copy:
            for number, row in enumerate(rows):
                copy.write_row((number, *row))
        yield duck, server
    duck.close()


def tree_of(case: str) -> exp.Expr:
    tree = read(case)
    for column in tree.find_all(exp.Column):
        column.this.set("quoted", True)
    return tree


def plain(value: Any) -> Any:
    """One form for both engines: an attempt is a list of its value, dates are texts."""
    if isinstance(value, dict):
        return [plain(part) for part in value.values()]
    if isinstance(value, list):
        return [plain(part) for part in value]
    return "nan" if isinstance(value, float) and math.isnan(value) else value


@pytest.mark.parametrize("case", CASES)
def test_an_attempt_gives_the_same_for_every_value(case: str, both: Any) -> None:
    duck, server = both
    sql = render(tree_of(case), "postgres", TYPES)
    days = case.startswith("CAST(try_strptime")
    ours = duck.execute(f"SELECT t, i, j, n, x, {f'({case})::VARCHAR' if days else case} FROM g ORDER BY k").fetchall()
    theirs = server.execute(f"SELECT {f'({sql})::text' if days else sql} FROM g ORDER BY k".encode()).fetchall()
    differences = []
    for (*given, mine), (other,) in zip(ours, theirs, strict=True):
        if days and mine is not None:
            mine = mine.replace("(BC)", "BC")
        if plain(mine) != plain(other):
            differences.append((given, mine, other))
    assert differences[:5] == []
    assert sum(mine is not None for *_, mine in ours) > 0


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_known_to_fail_alike_is_refused(case: str) -> None:
    with pytest.raises(UnsupportedOperation) as caught:
        render(tree_of(case), "postgres", TYPES)
    assert len(caught.value.reason) > 10
