"""Countries of the world: their outlines at 1:110,000,000, and which of them a name or an ISO code means."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

BERING = -169.0
"""Where the world is cut: no country but Antarctica, and a few islands of Alaska, lies on both sides."""
LEAST_POINTS = 3
Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Country:
    """One country: its name and its rings of (longitude, latitude) in degrees; very small ones have none."""

    name: str
    rings: tuple[Ring, ...]

    @property
    def main(self) -> Ring:
        """The largest ring, which stands for where the country is."""
        return max(self.rings, key=_area, default=())


@dataclass(frozen=True)
class Atlas:
    """All countries, the borders that each is drawn with once, and what names and codes mean."""

    countries: tuple[Country, ...]
    arcs: tuple[Ring, ...]
    known: dict[str, Country]

    def find(self, written: str) -> Country | None:
        """Return the country of an English name or an ISO 3166 code (two letters, three letters, three digits)."""
        return self.known.get(_key(written))

    def missing(self, names: Iterable[Any]) -> list[str]:
        """Return the names that mean no country with an outline, in their order."""
        found = dict.fromkeys("null" if name is None else str(name) for name in names)
        return [name for name in found if not (country := self.find(name)) or not country.rings]


@lru_cache(maxsize=1)
def atlas() -> Atlas:
    """Read the outlines that are part of the package; see countries.licence.txt."""
    data = json.loads(files("runnel.app.report").joinpath("countries.json").read_text("utf-8"))
    arcs = tuple(_points(arc, data["units"]) for arc in data["arcs"])
    known: dict[str, Country] = {}
    made: list[Country] = []
    for item in data["countries"]:
        rings = tuple(_ring(ring, arcs) for ring in item["rings"])
        country = Country(item["names"][0], tuple(ring for ring in rings if len(ring) > LEAST_POINTS))
        made.append(country)
        for name in (*item["codes"], *item["names"]):
            known.setdefault(_key(name), country)
    return Atlas(tuple(made), arcs, known)


def _points(arc: Sequence[int], units: int) -> Ring:
    x = y = 0
    points: list[tuple[float, float]] = []
    for dx, dy in zip(arc[::2], arc[1::2], strict=True):
        x, y = x + dx, y + dy
        points.append((x / units, y / units))
    return tuple(points)


def _ring(numbers: Sequence[int], arcs: Sequence[Ring]) -> Ring:
    """Join arcs end to end; ~n is arc n backwards."""
    points: list[tuple[float, float]] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points.extend(arc[1:] if points else arc)
    return _unbroken(points)


def _unbroken(points: Sequence[tuple[float, float]]) -> Ring:
    """Let a ring that crosses 180° go on beyond it, and put what lies west of the Bering Strait in the east."""
    turns, last = 0, points[0][0]
    made: list[tuple[float, float]] = []
    for x, y in points:
        turns += (last - x > 180) - (x - last > 180)
        last = x
        made.append((x + 360 * turns, y))
    if made[0] != made[-1]:
        return tuple(points)  # around the pole
    west, east = min(x for x, _ in made), max(x for x, _ in made)
    shift = 360 if east < BERING else -360 if west > 360 + BERING else 0
    return tuple((x + shift, y) for x, y in made)


def _area(ring: Ring) -> float:
    pairs = zip(ring, (*ring[1:], *ring[:1]), strict=True)
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2


@lru_cache(maxsize=4096)
def _key(written: str) -> str:
    """Return a name without case, accents, signs and small words."""
    plain = unicodedata.normalize("NFKD", written.casefold()).replace("&", " and ")
    words = re.findall(r"[^\W_]+", "".join(sign for sign in plain if not unicodedata.combining(sign)))
    return " ".join("saint" if word == "st" else word for word in words if word not in ("the", "of")) or plain
