"""Dates, times and zones in PostgreSQL; a timestamp with time zone is read in UTC whatever the session says."""

from __future__ import annotations

from runnel.compiler.dialects.postgres.functions import cast, known, small, writes
from runnel.compiler.dialects.postgres.typed import Typed, quoted, refuse

_FIELDS = {
    "year": "YEAR",
    "quarter": "QUARTER",
    "month": "MONTH",
    "week": "WEEK",
    "weekofyear": "WEEK",
    "isoyear": "ISOYEAR",
    "day": "DAY",
    "isodow": "ISODOW",
    "dow": "DOW",
    "dayofweek": "DOW",
    "dayofyear": "DOY",
    "doy": "DOY",
    "hour": "HOUR",
    "minute": "MINUTE",
    "second": "SECOND",
    "millisecond": "MILLISECONDS",
    "microsecond": "MICROSECONDS",
    "decade": "DECADE",
}
_TRUNCATED = frozenset(
    {"microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"}
)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


def in_utc(value: Typed) -> str:
    """Return a date or time as a timestamp without zone, read in UTC."""
    if value.family == "timestamptz":
        return f"({value.sql} AT TIME ZONE 'UTC')"
    return value.sql if value.family == "timestamp" else f"CAST({value.sql} AS timestamp)"


def part(name: str, value: Typed) -> Typed:
    """Return a part of a date or time as an integer; refuses parts that differ."""
    if name == "epoch":
        return Typed(f"CAST(EXTRACT(EPOCH FROM {in_utc(value)}) AS double precision)", "DOUBLE")
    if name not in _FIELDS or value.family not in ("date", "timestamp", "timestamptz"):
        raise refuse(f"the part {name} of {value.type}", "it is counted differently or missing there")
    return Typed(f"CAST(trunc(EXTRACT({_FIELDS[name]} FROM {in_utc(value)})) AS bigint)", "BIGINT")


def _parts() -> None:
    for name in _FIELDS:

        @writes(name)
        def _write(args: list[Typed], name: str = name) -> Typed:
            return part(name, args[0])


_parts()


@writes("epoch")
def _epoch(args: list[Typed]) -> Typed:
    return part("epoch", args[0])


@writes("date_part")
def _date_part(args: list[Typed]) -> Typed:
    return part(known(args[0], "date_part", "the part").lower(), args[1])


@writes("dayname")
def _dayname(args: list[Typed]) -> Typed:
    return Typed(f"to_char({in_utc(args[0])}, 'FMDay')", "VARCHAR")


@writes("monthname")
def _monthname(args: list[Typed]) -> Typed:
    return Typed(f"to_char({in_utc(args[0])}, 'FMMonth')", "VARCHAR")


@writes("last_day")
def _last_day(args: list[Typed]) -> Typed:
    return Typed(
        f"CAST(date_trunc('month', {in_utc(args[0])}) + INTERVAL '1 month' - INTERVAL '1 day' AS date)", "DATE"
    )


@writes("date_trunc")
def _date_trunc(args: list[Typed]) -> Typed:
    unit = known(args[0], "date_trunc", "the unit").lower()
    if unit not in _TRUNCATED:
        raise refuse(f"date_trunc to the {unit}", "it begins in another year there")
    cut = f"date_trunc({quoted(unit)}, {in_utc(args[1])})"
    if args[1].family == "timestamptz":
        return Typed(f"({cut} AT TIME ZONE 'UTC')", args[1].type)
    return Typed(cut, "TIMESTAMP")


@writes("date_diff")
def _date_diff(args: list[Typed]) -> Typed:
    unit = known(args[0], "date_diff", "the unit").lower()
    return Typed(f"CAST({_borders(unit, in_utc(args[1]), in_utc(args[2]))} AS bigint)", "BIGINT")


def _borders(unit: str, start: str, stop: str) -> str:
    """Count the borders of a unit between two timestamps."""
    year = f"(EXTRACT(YEAR FROM {stop}) - EXTRACT(YEAR FROM {start}))"
    if unit == "year":
        return year
    if unit in ("month", "quarter"):
        return f"({year} * {12 if unit == 'month' else 4} + EXTRACT({unit} FROM {stop}) - EXTRACT({unit} FROM {start}))"
    if unit == "day":
        return f"(CAST({stop} AS date) - CAST({start} AS date))"
    if unit in _SECONDS:
        cut = f"date_trunc('{unit}', {stop}) - date_trunc('{unit}', {start})"
        return f"(EXTRACT(EPOCH FROM {cut}) / {_SECONDS[unit]})"
    raise refuse(f"date_diff in {unit}s", "the borders are not proven equal")


@writes("make_date")
def _make_date(args: list[Typed]) -> Typed:
    return Typed(f"make_date({', '.join(small(arg) for arg in args)})", "DATE")


@writes("make_timestamp")
def _make_timestamp(args: list[Typed]) -> Typed:
    if len(args) != 6:
        raise refuse("make_timestamp", "it takes six parts")
    return Typed(
        f"make_timestamp({', '.join(small(arg) for arg in args[:5])}, {cast(args[5], 'DOUBLE').sql})", "TIMESTAMP"
    )


@writes("to_timestamp")
def _to_timestamp(args: list[Typed]) -> Typed:
    """Add to the epoch: to_timestamp() itself rounds after moving to another epoch."""
    seconds = cast(args[0], "DOUBLE").sql
    return Typed(
        f"(TIMESTAMPTZ '1970-01-01 00:00:00+00' + make_interval(secs => {seconds}))", "TIMESTAMP WITH TIME ZONE"
    )


@writes("timezone")
def _timezone(args: list[Typed]) -> Typed:
    result = "TIMESTAMP" if args[1].family == "timestamptz" else "TIMESTAMP WITH TIME ZONE"
    return Typed(f"({args[1].sql} AT TIME ZONE {args[0].sql})", result)


INTERVAL_PARTS = {
    "second": "secs => CAST({n} AS double precision)",
    "minute": "mins => {n}",
    "hour": "hours => {n}",
    "day": "days => {n}",
    "week": "weeks => {n}",
    "month": "months => {n}",
    "quarter": "months => 3 * {n}",
    "year": "years => {n}",
    "decade": "years => 10 * {n}",
    "millisecond": "secs => CAST({n} AS double precision) / 1000",
}


def interval(unit: str, amount: Typed) -> Typed:
    """Return an interval of a number of units."""
    name = unit.lower().rstrip("s")
    if name not in INTERVAL_PARTS:
        raise refuse(f"an interval of {unit}", "it has another length there")
    count = amount.sql if name in ("second", "millisecond") else small(amount)
    return Typed(f"make_interval({INTERVAL_PARTS[name].format(n=count)})", "INTERVAL")


def _interval_functions() -> None:
    for name in INTERVAL_PARTS:

        @writes(f"to_{name}s")
        def _write(args: list[Typed], name: str = name) -> Typed:
            return interval(name, args[0])


_interval_functions()

_CODES = {
    "Y": "YYYY",
    "m": "MM",
    "d": "DD",
    "H": "HH24",
    "M": "MI",
    "S": "SS",
    "f": "US",
    "j": "DDD",
    "A": "FMDay",
    "a": "Dy",
    "B": "FMMonth",
    "b": "Mon",
    "I": "HH12",
    "p": "AM",
    "G": "IYYY",
    "V": "IW",
    "u": "ID",
    "y": "YY",
}


@writes("strftime")
def _strftime(args: list[Typed]) -> Typed:
    pieces: list[str] = []
    signs = iter(known(args[1], "format_date", "the format"))
    for sign in signs:
        if sign == "%":
            code = next(signs, "")
            if code == "%":
                pieces.append('"%"')
                continue
            if code not in _CODES:
                raise refuse(f"format_date with %{code}", "it is written differently there")
            pieces.append(_CODES[code])
        else:
            pieces.append('"' + sign.replace("\\", "\\\\").replace('"', '\\"') + '"')
    return Typed(f"to_char({in_utc(args[0])}, {quoted(''.join(pieces))})", "VARCHAR")
