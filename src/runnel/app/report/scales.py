"""Scales and ticks: where a value stands on an axis, and which round values are written beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any


def number(value: Any) -> float | None:
    """Return a value as a finite number: times as seconds since 1970, NULL and NaN as None."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    if isinstance(value, int | float | Decimal):
        made = float(value)
        return made if math.isfinite(made) else None
    return None


@dataclass(frozen=True)
class Linear:
    """A linear scale from values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        span = (self.high - self.low) or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)


def nice(low: float, high: float, count: int = 5) -> list[float]:
    """Return round ticks that cover a range."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    raw = (high - low) / max(1, count)
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def short(value: float) -> str:
    """Return a number as people read it on an axis: 1.2 M, 35 k, 0.05."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= size:
            scaled = value / (1e3 if unit == " k" else size)
            return f"{scaled:.3g}{unit}"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.3g}"


def full(value: Any) -> str:
    """Return a value as people read it in a table."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.2f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00")
    return str(value)


def time_ticks(low: float, high: float, count: int = 6) -> list[tuple[float, str]]:
    """Return ticks on round moments with their labels."""
    span = max(1.0, high - low)
    day = 86400.0
    if span > 3 * 365 * day:
        return _years(low, high, max(1, round(span / (365.25 * day) / count)))
    if span > 60 * day:
        return _months(low, high, max(1, math.ceil(span / (30.4 * day) / count)))
    for step, form in (
        (7 * day, "%d %b"), (2 * day, "%d %b"), (day, "%d %b"), (6 * 3600, "%d %b %H:%M"), (3600, "%H:%M"),
        (600, "%H:%M"), (60, "%H:%M"), (10, "%H:%M:%S"), (1, "%H:%M:%S"),
    ):  # fmt: skip
        if span / step >= min(count, 3):
            stride = step * max(1, math.ceil(span / step / count))
            first = math.ceil(low / stride) * stride
            moments = [first + index * stride for index in range(int((high - first) // stride) + 1)]
            return [(moment, _moment(moment).strftime(form)) for moment in moments]
    return [(low, _moment(low).strftime("%H:%M:%S"))]


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _years(low: float, high: float, step: int) -> list[tuple[float, str]]:
    years = range(_moment(low).year, _moment(high).year + 1)
    ticks = [(datetime(year, 1, 1, tzinfo=UTC).timestamp(), str(year)) for year in years if year % step == 0]
    return [tick for tick in ticks if low <= tick[0] <= high]


def _months(low: float, high: float, step: int) -> list[tuple[float, str]]:
    ticks: list[tuple[float, str]] = []
    moment = _moment(low)
    for place in range(moment.year * 12 + moment.month - 1, _moment(high).year * 12 + _moment(high).month):
        year, month = divmod(place, 12)
        seconds = datetime(year, month + 1, 1, tzinfo=UTC).timestamp()
        if place % step == 0 and low <= seconds <= high:
            ticks.append((seconds, _moment(seconds).strftime("%b %Y" if month == 0 or len(ticks) == 0 else "%b")))
    return ticks


def extent(values: Sequence[float]) -> tuple[float, float]:
    """Return the smallest and the largest value; 0 and 1 for none."""
    return (min(values), max(values)) if values else (0.0, 1.0)
