"""Which chart fits a table: the rules in one place, decided by the columns' types, counts and a few facts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runnel.sdk.chart import reading

COUNTRIES = frozenset(
    [
        "germany",
        "france",
        "italy",
        "spain",
        "poland",
        "austria",
        "sweden",
        "netherlands",
        "belgium",
        "denmark",
        "norway",
        "finland",
        "portugal",
        "greece",
        "ireland",
        "switzerland",
        "hungary",
        "romania",
        "bulgaria",
        "croatia",
        "slovakia",
        "slovenia",
        "estonia",
        "latvia",
        "lithuania",
        "luxembourg",
        "malta",
        "cyprus",
        "united_kingdom",
        "united_states",
        "canada",
        "mexico",
        "brazil",
        "argentina",
        "chile",
        "colombia",
        "peru",
        "china",
        "japan",
        "india",
        "australia",
        "new_zealand",
        "south_africa",
        "egypt",
        "nigeria",
        "kenya",
        "morocco",
        "turkey",
        "russia",
        "ukraine",
        "israel",
        "saudi_arabia",
        "iran",
        "iraq",
        "pakistan",
        "indonesia",
        "malaysia",
        "thailand",
        "vietnam",
        "philippines",
        "singapore",
        "south_korea",
    ]
)
WEEKDAYS = frozenset(
    [
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ]
)
FEW, MANY_SLICES, LONG = 30, 20, 18
DENSE = 5000


@dataclass(frozen=True)
class Shape:
    """What is known of one column: distinct values, extremes as text, mean length, and up to 50 of its values."""

    name: str
    type: str
    distinct: int = 0
    least: str | None = None
    most: str | None = None
    length: float = 0.0
    values: tuple[str, ...] = ()

    @property
    def reading(self) -> str:
        """temporal, quantitative or nominal."""
        if self.type.endswith("]") or self.type.startswith(("STRUCT", "MAP", "JSON")):
            return "nested"
        return reading(self.type)

    @property
    def is_period(self) -> bool:
        """Text like 2026-01, or whole numbers that are years."""
        if self.type == "VARCHAR":
            return bool(self.values) and all(
                re.fullmatch(r"\d{4}-(\d{2}|Q[1-4]|W\d{2})", value) for value in self.values
            )
        if self.reading != "quantitative" or "year" not in self.name.lower():
            return False
        return _number(self.least) >= 1000 and _number(self.most) <= 2200

    @property
    def is_country(self) -> bool:
        """ISO codes of countries, or their English names."""
        if self.type != "VARCHAR" or not self.values:
            return False
        named = "country" in self.name.lower() or "iso" in self.name.lower() or "nation" in self.name.lower()
        codes = all(re.fullmatch(r"[A-Z]{2,3}", value) for value in self.values)
        known = sum(value.lower().replace(" ", "_") in COUNTRIES for value in self.values)
        return (named and codes) or known >= max(2, 0.6 * len(self.values))

    @property
    def is_cycle(self) -> bool:
        """Weekdays or hours of the day."""
        if self.type == "VARCHAR":
            return bool(self.values) and all(value.lower() in WEEKDAYS for value in self.values)
        named = self.name.lower() in ("hour", "hour_of_day", "weekday", "day_of_week", "month")
        return named and self.reading == "quantitative" and self.distinct <= 31


@dataclass(frozen=True)
class Choice:
    """The chosen kind with the settings of its node, and kinds that would do as well."""

    kind: str
    config: Mapping[str, Any] = field(default_factory=dict)
    offered: tuple[str, ...] = ()


def choose(columns: Sequence[Shape], rows: int) -> Choice:
    """Choose a chart for a table of `rows` rows."""
    place = _coordinates(columns)
    numbers = [item for item in columns if item.reading == "quantitative" and not (item.is_period or item.is_cycle)]
    order = [item for item in columns if item.reading == "temporal" or item.is_period]
    names = [item for item in columns if (item.reading == "nominal" and not item.is_period) or item.is_cycle]
    others = len(columns) - len(numbers) - len(order) - len(names)
    if place is not None:
        return place
    if rows == 1 and len(numbers) == 1 and not names:
        return Choice("chart.number", {"value": numbers[0].name})
    if others or not numbers or len(names) > 2:
        return Choice("chart.table")
    if order and len(names) <= 1:
        return _over_time(order[0], numbers, names)
    if names:
        return _by_names(names, numbers, rows)
    return _of_numbers(numbers, rows)


def _coordinates(columns: Sequence[Shape]) -> Choice | None:
    named = {item.name.lower(): item for item in columns if item.reading == "quantitative"}
    latitude = next((named[key] for key in ("lat", "latitude") if key in named), None)
    longitude = next((named[key] for key in ("lon", "lng", "long", "longitude") if key in named), None)
    if latitude is None or longitude is None:
        return None
    value = next((item for item in named.values() if item not in (latitude, longitude)), None)
    config = {"latitude": latitude.name, "longitude": longitude.name}
    return Choice("chart.map", {**config, **({"value": value.name} if value else {})})


def _over_time(order: Shape, numbers: Sequence[Shape], names: Sequence[Shape]) -> Choice:
    config: dict[str, Any] = {"x": order.name, "y": [item.name for item in numbers]}
    if names and names[0].distinct <= FEW:
        config |= {"series": names[0].name, "y": numbers[0].name}
    return Choice("chart.line", config, ("chart.area",))


def _by_names(names: Sequence[Shape], numbers: Sequence[Shape], rows: int) -> Choice:
    value = numbers[0]
    if len(numbers) >= 2 and len(names) == 1 and rows > names[0].distinct:
        config = {"x": numbers[0].name, "y": numbers[1].name, "series": names[0].name}
        return Choice("chart.scatter", config)
    if len(names) == 2:
        small = min(item.distinct for item in names)
        cycles = all(item.is_cycle for item in names)
        if cycles or names[0].distinct * names[1].distinct > 60 or small > 8:
            return Choice("chart.heat_map", {"x": names[0].name, "y": names[1].name, "value": value.name})
        return Choice("chart.bar", {"x": names[0].name, "y": value.name, "series": names[1].name})
    name = names[0]
    if name.is_country and len(numbers) == 1:
        return Choice("chart.map", {"country": name.name, "value": value.name}, ("chart.bar",))
    if name.distinct > 0.5 * rows and name.distinct > 1000:
        return Choice("chart.histogram", {"x": value.name})
    config: dict[str, Any] = {"x": name.name, "y": value.name, "most": FEW if name.distinct <= FEW else MANY_SLICES}
    if name.length > LONG:
        config["horizontal"] = True
    share = 2 <= name.distinct <= 6 and _number(value.least) >= 0 and _number(value.most) <= 1
    return Choice("chart.bar", config, ("chart.pie",) if share else ())


def _of_numbers(numbers: Sequence[Shape], rows: int) -> Choice:
    if len(numbers) == 1:
        return Choice("chart.histogram", {"x": numbers[0].name})
    if len(numbers) > 3:
        return Choice("chart.table")
    config = {"x": numbers[0].name, "y": numbers[1].name}
    return Choice("chart.hex_bin" if rows > DENSE else "chart.scatter", config)


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")
