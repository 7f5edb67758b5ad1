"""The automatic chart fits the shape of a result: the list of shapes that people expect, row by row."""

from __future__ import annotations

import pytest

from runnel.nodes.charts.choosing import Shape, choose


def number(name="value", low="1", high="900", distinct=100):
    return Shape(name, "DOUBLE", distinct, low, high, 4.0)


def names(count, name="category", length=6.0, values=()):
    return Shape(
        name, "VARCHAR", count, "a", "z", length, tuple(values) or tuple(f"name {i}" for i in range(min(count, 50)))
    )


def day(name="day", distinct=365):
    return Shape(name, "DATE", distinct, "2024-01-01", "2024-12-31", 10.0)


MONTHS = Shape("month", "VARCHAR", 12, "2024-01", "2024-12", 7.0, tuple(f"2024-{m:02}" for m in range(1, 13)))
YEARS = Shape("year", "BIGINT", 20, "2001", "2020", 4.0)
HOURS = Shape("hour", "BIGINT", 24, "0", "23", 2.0)
WEEKDAYS = names(7, "weekday", 3.0, ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
CODES = names(4, "country", 2.0, ("DE", "FR", "IT", "ES"))
COUNTRIES = names(4, "place", 7.0, ("Germany", "France", "Italy", "Spain"))
NESTED = Shape("payload", "JSON", 50, "{}", "{}", 20.0)

CASES = [
    ("one number", [number()], 1, "chart.number"),
    ("one number + date range", [number(), day("from_day"), day("to_day")], 1, "chart.number"),
    ("date + number", [day(), number()], 365, "chart.line"),
    ("date + 3 numbers", [day(), number("a"), number("b"), number("c")], 365, "chart.line"),
    ("month text yyyy-mm + number", [MONTHS, number()], 12, "chart.line"),
    ("timestamp + number, 100k rows", [Shape("at", "TIMESTAMP", 100_000), number()], 100_000, "chart.line"),
    ("year integer + number", [YEARS, number()], 20, "chart.line"),
    ("category(4) + number", [names(4), number()], 4, "chart.bar"),
    ("category(30) + number", [names(30), number()], 30, "chart.bar"),
    ("category(31) + number", [names(31), number()], 31, "chart.bar"),
    ("long labels(12) + number", [names(12, length=32.0), number()], 12, "chart.bar"),
    ("category + negative and positive number", [names(6), number(low="-50", high="40")], 6, "chart.bar"),
    ("2 categories(4x5) + number", [names(4), names(5, "other"), number()], 20, "chart.bar"),
    ("2 categories(12x24) + number", [names(12), names(24, "other"), number()], 288, "chart.heat_map"),
    ("weekday x hour + number", [WEEKDAYS, HOURS, number()], 168, "chart.heat_map"),
    ("2 numbers, 300 rows", [number("a"), number("b")], 300, "chart.scatter"),
    ("2 numbers, 20k rows", [number("a"), number("b")], 20_000, "chart.hex_bin"),
    ("2 numbers + category(3)", [number("a"), number("b"), names(3)], 300, "chart.scatter"),
    ("1 number, 5k rows", [number(distinct=4000)], 5_000, "chart.histogram"),
    ("lat + lon + number", [number("lat", "-40", "60"), number("lon", "-90", "90"), number()], 500, "chart.map"),
    ("ISO country + number", [CODES, number()], 4, "chart.map"),
    ("country names + number", [COUNTRIES, number()], 4, "chart.map"),
    ("share of total(4 slices, sums to 1)", [names(4), number(low="0.1", high="0.4")], 4, "chart.bar"),
    ("5 text columns", [names(50, f"c{i}") for i in range(5)], 50, "chart.table"),
    ("id + 3 texts + json", [number("id"), names(9, "a"), names(9, "b"), names(9, "c"), NESTED], 50, "chart.table"),
]


@pytest.mark.parametrize(("shape", "columns", "rows", "kind"), CASES, ids=[case[0] for case in CASES])
def test_a_shape_gets_the_chart_that_people_expect(shape, columns, rows, kind):
    assert choose(columns, rows).kind == kind


def test_thirty_one_names_become_twenty_and_other():
    assert choose([names(31), number()], 31).config["most"] == 20


def test_thirty_names_all_stay():
    assert choose([names(30), number()], 30).config["most"] == 30


def test_long_labels_lie_flat():
    assert choose([names(12, length=32.0), number()], 12).config["horizontal"] is True


def test_shares_offer_a_pie_besides():
    assert choose([names(4), number(low="0.1", high="0.4")], 4).offered == ("chart.pie",)
