"""Maps of the report: countries found by name and code, filled by value; what is not found is named."""

from __future__ import annotations

import itertools
import re
from importlib.resources import files

import pytest

from building import fresh_project, node, rows, run_nodes
from runnel.app.charts import charts_of
from runnel.app.report.canvas import HEIGHT, WIDTH, viridis
from runnel.app.report.countries import BERING, atlas
from runnel.app.report.drawing import draw
from runnel.app.report.maps import Shades, choropleth, equal_earth, places


@pytest.mark.parametrize(("written", "name"), [
    ("DE", "Germany"), ("deu", "Germany"), ("276", "Germany"), (" germany ", "Germany"), ("U.S.A.", "United States of America"),
    ("UK", "United Kingdom"), ("Côte d’Ivoire", "Cote d'Ivoire"), ("ivory coast", "Cote d'Ivoire"), ("Congo", "Republic of the Congo"),
    ("Congo, Dem. Rep.", "Democratic Republic of the Congo"), ("NA", "Namibia"), ("Bosnia & Herzegovina", "Bosnia and Herzegovina"),
    ("the Netherlands", "Netherlands"), ("Korea, Rep.", "South Korea"), ("St. Lucia", "Saint Lucia"),
])  # fmt: skip
def test_a_country_is_found_by_code_and_by_name(written, name):
    found = atlas().find(written)
    assert found is not None and found.name == name


def test_what_is_no_country_or_has_no_outline_is_named():
    assert atlas().missing(["Germany", "Atlantis", None, "Singapore", "Atlantis", ""]) == ["Atlantis", "null", "Singapore", ""]


def test_outlines_are_small_closed_and_unbroken():
    assert len(files("runnel.app.report").joinpath("countries.json").read_bytes()) <= 120_000
    drawn = [item for item in atlas().countries if item.rings]
    assert len(drawn) >= 175
    for item in drawn:
        for ring in item.rings:
            assert ring[0] == ring[-1] and len(ring) >= 4
            if item.name != "Antarctica":
                assert all(abs(a[0] - b[0]) < 60 for a, b in itertools.pairwise(ring)), item.name
                assert all(BERING - 3 <= x <= BERING + 360 and abs(y) <= 90 for x, y in ring), item.name


def test_the_projection_keeps_areas():
    def area(south, north):
        points = [equal_earth(x, y) for x, y in ((0, south), (1, south), (1, north), (0, north))]
        return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, [*points[1:], points[0]], strict=True))) / 2

    import math

    for south, north in ((0, 1), (40, 41), (70, 71)):
        true = math.radians(1) * (math.sin(math.radians(north)) - math.sin(math.radians(south)))
        assert math.isclose(area(south, north), true, rel_tol=0.002)


def test_countries_are_filled_by_value_with_a_legend():
    drawn = choropleth("Where?", ["DE", "Germany", "FR", "Nowhere"], [1.0, 1.0, 4.0, 9.0])
    assert drawn is not None
    assert re.findall(r"<title>(.*?)</title>", drawn) == ["Germany: 2", "France: 4"]
    assert f'fill="{viridis(0)}"><title>Germany' in drawn and f'fill="{viridis(1)}"><title>France' in drawn
    assert ">2</text>" in drawn and ">4</text>" in drawn and 'class="land"' in drawn


def test_without_any_country_there_is_no_map():
    assert choropleth("Where?", ["Atlantis"], [1.0]) is None


def test_colours_follow_the_logarithm_where_few_values_are_far_above_the_others():
    skewed = Shades([1.0, 2.0, 3.0, 10_000.0])
    assert skewed.log and skewed.of(100.0) == viridis(0.5) and "logarithmic" in "".join(skewed.legend())
    assert not Shades([1.0, 2.0, 3.0]).log and not Shades([0.0, 1.0, 10_000.0]).log
    assert Shades([3.0]).of(3.0) == viridis(0.5)


@pytest.mark.parametrize("given", [
    [(13.4, 52.5)], [(179.9, -17.0), (-179.9, -16.0)], [(0.0, 90.0), (10.0, -90.0)], [(2.35, 48.85), (None, 1.0)],
])  # fmt: skip
def test_places_lie_within_the_picture(given):
    drawn = places("Where?", [x for x, _ in given], [y for _, y in given], [1.0] * len(given))
    dots = [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.-]+)" cy="([\d.-]+)"', drawn)]
    assert len(dots) == sum(x is not None for x, _ in given)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in dots)


def test_a_map_of_a_run_names_what_is_not_on_it():
    with fresh_project() as project:
        given = rows({"c": "DE", "v": 2}, {"c": "Atlantis", "v": 3}, {"c": None, "v": 1}, {"c": "fr", "v": 4})
        report = run_nodes(project, {"a": given, "m": node("chart.map", "a", country="c", value="v")})
        (chart,) = charts_of(project, report)
        assert chart.spec.note == "Not on the map: Atlantis, null."
        assert "Germany: 2" in draw(chart) and "France: 4" in draw(chart)
