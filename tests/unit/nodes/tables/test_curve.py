"""Rows beside a curve of points: on them, between them, outside of them; several curves, odd points, wrong settings."""

from __future__ import annotations

import pytest

POINTS = [{"v": 3.0, "kw": 0.0}, {"v": 5.0, "kw": 400.0}, {"v": 7.0, "kw": 800.0}, {"v": 8.0, "kw": 1200.0}]
CURVE = {"x": "wind", "curve_x": "v", "curve_y": "kw"}


def wind(*speeds):
    return [{"wind": speed} for speed in speeds]


@pytest.mark.row("M-003-182", met_by="nodes/tables/curve.py",
                 deviation="the manufacturer's curve is a table of points that the person brings; none comes with Runnel")  # fmt: skip
@pytest.mark.parametrize(
    "speed, expected", [(3.0, 0.0), (4.0, 200.0), (5.0, 400.0), (7.25, 900.0), (8.0, 1200.0), (2.9, None), (8.1, None), (None, None)]
)
def test_between_two_points_the_curve_is_straight_and_outside_of_them_nothing_is_expected(rows, speed, expected):
    types = {"input": {"wind": "DOUBLE"}, "curve": {"v": "DOUBLE", "kw": "DOUBLE"}}
    assert rows("table.curve", CURVE, types=types, input=wind(speed), curve=POINTS) == [{"wind": speed, "expected": expected}]


def test_nearest_goes_on_with_the_first_and_the_last_point(rows):
    made = rows("table.curve", {**CURVE, "outside": "nearest"}, input=wind(0.0, 4.0, 8.0, 99.0), curve=POINTS)
    assert [row["expected"] for row in made] == [0.0, 200.0, 1200.0, 1200.0]


def test_how_far_a_measured_value_is_off_is_told_in_percent_and_not_where_nothing_is_expected(rows):
    given = [{"wind": 5.0, "real": 300.0}, {"wind": 3.0, "real": 5.0}, {"wind": 9.0, "real": 5.0}, {"wind": 7.0, "real": 1000.0}]
    made = rows("table.curve", {**CURVE, "measured": "real", "deviation": "off", "expected": "ideal"}, input=given, curve=POINTS)
    assert {(row["wind"], row["ideal"], row["off"]) for row in made} == {
        (5.0, 400.0, -25.0), (3.0, 0.0, None), (9.0, None, None), (7.0, 800.0, 25.0),
    }  # fmt: skip


def test_each_key_has_its_curve_and_a_row_without_one_goes_on(rows):
    points = [{"model": "a", "v": 0, "kw": 0}, {"model": "a", "v": 10, "kw": 100}, {"model": "b", "v": 0, "kw": 0}, {"model": "b", "v": 10, "kw": 50}]
    given = [{"id": 1, "type": "a", "wind": 5}, {"id": 2, "type": "b", "wind": 5}, {"id": 3, "type": "c", "wind": 5}, {"id": 4, "type": None, "wind": 5}]
    made = rows("table.curve", {**CURVE, "on": {"type": "model"}}, input=given, curve=points)
    assert {row["id"]: row["expected"] for row in made} == {1: 50.0, 2: 25.0, 3: None, 4: None}


def test_points_without_a_place_are_none_and_of_two_at_one_place_the_lower_counts(rows):
    points = [*POINTS, {"v": None, "kw": 9.0}, {"v": 6.0, "kw": None}, {"v": 5.0, "kw": 500.0}, {"v": 5.0, "kw": 400.0}]
    made = rows("table.curve", CURVE, input=wind(5.0, 6.0), curve=points)
    assert [row["expected"] for row in made] == [400.0, 600.0]


def test_one_point_is_a_curve_of_one_place(rows):
    made = rows("table.curve", CURVE, input=wind(5.0, 5.1), curve=[{"v": 5.0, "kw": 1.0}])
    assert [row["expected"] for row in made] == [1.0, None]


def test_without_any_point_nothing_is_expected(rows):
    types = {"curve": {"v": "DOUBLE", "kw": "DOUBLE"}}
    assert rows("table.curve", CURVE, types=types, input=wind(5.0), curve=[]) == [{"wind": 5.0, "expected": None}]


@pytest.mark.parametrize(
    "config, code, place",
    [
        ({"x": "wnd"}, "RNL-COLUMN-001", "x"),
        ({"curve_y": "power"}, "RNL-COLUMN-001", "curve_y"),
        ({"x": "name"}, "RNL-TYPE-001", "x"),
        ({"measured": "name"}, "RNL-TYPE-001", "measured"),
        ({"expected": "Name"}, "RNL-COLUMN-002", "expected"),
        ({"measured": "wind", "deviation": "expected"}, "RNL-COLUMN-002", "deviation"),
        ({"on": ["model"]}, "RNL-COLUMN-001", "on.0"),
        ({"on": {"wind": "v", "name": "kw"}}, "RNL-TYPE-010", "on.name"),
    ],
)
def test_wrong_settings_are_told_at_their_place(findings, config, code, place):
    found = findings("table.curve", {**CURVE, **config}, input=[{"wind": 5.0, "name": "t"}], curve=POINTS)
    assert [(finding.code, finding.where.field) for finding in found][:1] == [(code, place)]
