"""Dates, times and time zones; the session's time zone is always UTC, weeks are ISO weeks (Monday first)."""

from __future__ import annotations

from sqlglot import exp

from runnel.compiler.dialects.grammar import Tree, call
from runnel.compiler.dialects.types import family
from runnel.compiler.functions.model import Builder, Unsupported, fn

UNITS = (
    "microsecond",
    "millisecond",
    "second",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "decade",
    "century",
)
PARTS = (
    *UNITS,
    "dayofweek",
    "dow",
    "isodow",
    "dayofyear",
    "doy",
    "isoyear",
    "epoch",
    "millennium",
    "era",
    "yearweek",
    "timezone_hour",
)

_ZONED = "A timestamp with time zone is read in UTC. "


def _keep_date(name: str) -> Builder:
    """Build a truncation that gives a date for a date (DuckDB gives a timestamp)."""

    def build(args: tuple[Tree, ...], types: tuple[str, ...]) -> Tree:
        tree = call(name, *args)
        return exp.cast(tree, "DATE") if family(types[-1]) == "date" else tree

    return build


def _shift(sign: type[exp.Binary]) -> Builder:
    def build(args: tuple[Tree, ...], types: tuple[str, ...]) -> Tree:
        value, amount, unit = args
        name = unit.name.lower().rstrip("s")
        step: Tree = call(f"to_{name}s" if name != "century" else "to_centuries", amount)
        tree = sign(this=exp.Paren(this=value), expression=step)
        whole = family(types[0]) == "date" and name in ("day", "week", "month", "quarter", "year", "decade", "century")
        return exp.cast(exp.Paren(this=tree), "DATE") if whole else exp.Paren(this=tree)

    return build


_STEPS = tuple(form for unit in UNITS[:-1] for form in (unit, unit + "s"))


def _borders(args: tuple[Tree, ...], _types: tuple[str, ...]) -> Tree:
    """Count Mondays for weeks (DuckDB counts whole spans of seven days), else leave it to the engine."""
    if args[0].name.lower() != "week":
        return call("date_diff", *args)
    weeks = (call("date_trunc", exp.Literal.string("week"), arg) for arg in args[1:])
    days = call("date_diff", exp.Literal.string("day"), *weeks)
    return exp.Paren(this=exp.IntDiv(this=days, expression=exp.Literal.number(7)))


def _truncated(unit: str) -> Builder:
    def build(args: tuple[Tree, ...], types: tuple[str, ...]) -> Tree:
        tree = call("date_trunc", exp.Literal.string(unit), *args)
        return exp.cast(tree, "DATE") if family(types[0]) == "date" else tree

    return build


FUNCTIONS = (
    *(
        fn(
            f"{name}(value: instant) -> BIGINT",
            summary,
            _ZONED + more,
            (f"{name}(TIMESTAMP '2025-03-09 14:05:06.789')", result),
            build=f"{part}(:value)",
            aliases=alias,
        )
        for name, part, summary, more, result, alias in (
            ("year", "year", "The year.", "Years before Christ are 0 and negative.", "2025", ()),
            ("quarter", "quarter", "The quarter, 1 to 4.", "January to March is 1.", "1", ()),
            ("month", "month", "The month, 1 to 12.", "January is 1.", "3", ()),
            (
                "week",
                "week",
                "The ISO week, 1 to 53.",
                "Week 1 holds the year's first Thursday (ISO 8601).",
                "10",
                ("weekofyear", "iso_week"),
            ),
            (
                "iso_year",
                "isoyear",
                "The year that the ISO week belongs to.",
                "29 December 2025 is in week 1 of 2026 (ISO 8601).",
                "2025",
                ("isoyear",),
            ),
            ("day", "day", "The day of the month, 1 to 31.", "The first is 1.", "9", ("day_of_month", "dayofmonth")),
            (
                "day_of_week",
                "isodow",
                "The day of the week, Monday 1 to Sunday 7.",
                "ISO 8601 numbering.",
                "7",
                ("isodow",),
            ),
            ("day_of_year", "dayofyear", "The day of the year, 1 to 366.", "1 January is 1.", "68", ("dayofyear",)),
            ("hour", "hour", "The hour, 0 to 23.", "0 for a date.", "14", ()),
            ("minute", "minute", "The minute, 0 to 59.", "0 for a date.", "5", ()),
        )
    ),
    fn(
        "second(value: instant) -> BIGINT",
        "The whole second, 0 to 59.",
        _ZONED + "Without its fraction.",
        ("second(TIMESTAMP '2025-03-09 14:05:06.789')", "6"),
    ),
    fn(
        "millisecond(value: instant) -> BIGINT",
        "Milliseconds within the minute.",
        _ZONED + "Seconds included, as in SQL: 6.789 s give 6789.",
        ("millisecond(TIMESTAMP '2025-03-09 14:05:06.789')", "6789"),
    ),
    fn(
        "microsecond(value: instant) -> BIGINT",
        "Microseconds within the minute.",
        _ZONED + "Seconds included: 6.789 s give 6789000.",
        ("microsecond(TIMESTAMP '2025-03-09 14:05:06.789')", "6789000"),
    ),
    fn(
        "date_part(part: text, value: instant) -> BIGINT",
        "A part of a date by name.",
        "The same as EXTRACT; 'dow' counts Sunday as 0, 'isodow' Monday as 1. " + _ZONED,
        ("date_part('month', DATE '2025-03-09')", "3"),
        aliases=("datepart",),
        units=PARTS,
    ),
    fn(
        "day_name(value: instant) -> VARCHAR",
        "The English name of the day.",
        "Full names: Monday to Sunday.",
        ("day_name(DATE '2025-03-09')", "'Sunday'"),
        aliases=("dayname",),
        build="dayname(:value)",
    ),
    fn(
        "month_name(value: instant) -> VARCHAR",
        "The English name of the month.",
        "Full names: January to December.",
        ("month_name(DATE '2025-03-09')", "'March'"),
        aliases=("monthname",),
        build="monthname(:value)",
    ),
    fn(
        "is_weekend(value: instant) -> BOOLEAN",
        "Whether a day is Saturday or Sunday.",
        _ZONED,
        ("is_weekend(DATE '2025-03-09')", "TRUE"),
        build="isodow(:value) >= 6",
    ),
    fn(
        "is_leap_year(value: instant) -> BOOLEAN",
        "Whether the year has 366 days.",
        "Gregorian rule, also before 1582.",
        ("is_leap_year(DATE '2024-05-01')", "TRUE"),
        build="(year(:value) % 4 = 0 AND year(:value) % 100 <> 0) OR year(:value) % 400 = 0",
    ),
    fn(
        "last_day(value: instant) -> DATE",
        "The last day of the month.",
        _ZONED,
        ("last_day(DATE '2024-02-10')", "DATE '2024-02-29'"),
        aliases=("end_of_month",),
        may_fail=True,
    ),
    fn(
        "days_in_month(value: instant) -> BIGINT",
        "How many days the month has.",
        _ZONED,
        ("days_in_month(DATE '2024-02-10')", "29"),
        build="day(last_day(:value))",
        may_fail=True,
    ),
    fn(
        "date_trunc(unit: text, value: instant) -> same",
        "The beginning of the unit that holds a moment.",
        "Units: microsecond to century; a week begins on Monday. A date gives a date, a timestamp a timestamp. "
        + _ZONED,
        ("date_trunc('month', DATE '2025-03-09')", "DATE '2025-03-01'"),
        ("date_trunc('hour', TIMESTAMP '2025-03-09 14:05:06')", "TIMESTAMP '2025-03-09 14:00:00'"),
        aliases=("datetrunc",),
        build=_keep_date("date_trunc"),
        units=UNITS,
        may_fail=True,
    ),
    *(
        fn(
            f"start_of_{unit}(value: instant) -> same",
            f"The first moment of the {unit}.",
            f"{more}A date gives a date.",
            (f"start_of_{unit}(DATE '2025-03-09')", result),
            build=_truncated(unit),
            may_fail=True,
        )
        for unit, more, result in (
            ("week", "A week begins on Monday. ", "DATE '2025-03-03'"),
            ("month", "", "DATE '2025-03-01'"),
            ("quarter", "", "DATE '2025-01-01'"),
            ("year", "", "DATE '2025-01-01'"),
        )
    ),
    fn(
        "date_add(value: instant, amount: integer, unit: text) -> same",
        "A moment moved forward.",
        "Months keep the day or take the month's last one: 31 January plus 1 month is 28 or 29 February. A date "
        "stays a date for units of a day or more, else becomes a timestamp. "
        "`value + INTERVAL 1 DAY` is the same, but always gives a timestamp.",
        ("date_add(DATE '2025-01-31', 1, 'month')", "DATE '2025-02-28'"),
        ("date_add(TIMESTAMP '2025-01-01 00:00:00', 90, 'minutes')", "TIMESTAMP '2025-01-01 01:30:00'"),
        build=_shift(exp.Add),
        units=_STEPS,
        may_fail=True,
    ),
    fn(
        "date_subtract(value: instant, amount: integer, unit: text) -> same",
        "A moment moved back.",
        "As `date_add` with a negative amount.",
        ("date_subtract(DATE '2025-03-31', 1, 'month')", "DATE '2025-02-28'"),
        build=_shift(exp.Sub),
        units=_STEPS,
        may_fail=True,
    ),
    fn(
        "date_diff(unit: text, start: instant, stop: instant) -> BIGINT",
        "How many unit boundaries lie between two moments.",
        "Counts borders crossed, not elapsed time: 31 January to 1 February is 1 month, Sunday to Monday 1 week. "
        "Negative when stop is before start.",
        ("date_diff('day', DATE '2025-01-01', DATE '2025-03-01')", "59"),
        ("date_diff('month', DATE '2025-01-31', DATE '2025-02-01')", "1"),
        aliases=("datediff",),
        units=UNITS,
        may_fail=True,
        build=_borders,
    ),
    fn(
        "date_sub(unit: text, start: instant, stop: instant) -> BIGINT",
        "How many whole units fit between two moments.",
        "Counts elapsed time: 31 January to 1 February is 0 months. DuckDB's function of this name; to move a date "
        "back use `date_subtract`.",
        ("date_sub('month', DATE '2025-01-31', DATE '2025-02-01')", "0"),
        aliases=("datesub", "elapsed"),
        units=UNITS,
        may_fail=True,
        postgres=Unsupported("elapsed months of different lengths are counted by other rules"),
    ),
    fn(
        "age_in_years(birth: instant, at: instant) -> BIGINT",
        "How many full years lie between two days.",
        "Somebody born on 29 February grows older on 1 March in other years.",
        ("age_in_years(DATE '1990-06-15', DATE '2025-06-14')", "34"),
        build="year(:at) - year(:birth) - CASE WHEN month(:at) * 100 + day(:at) < month(:birth) * 100 + day(:birth) "
        "THEN 1 ELSE 0 END",
    ),
    fn(
        "make_date(year: integer, month: integer, day: integer) -> DATE",
        "A date from its parts.",
        "Fails for a day that does not exist.",
        ("make_date(2025, 3, 9)", "DATE '2025-03-09'"),
        build="make_date(CAST(:year AS BIGINT), CAST(:month AS BIGINT), CAST(:day AS BIGINT))",
        may_fail=True,
    ),
    fn(
        "make_timestamp(year: integer, month: integer, day: integer, hour: integer, minute: integer, second: number) "
        "-> TIMESTAMP",
        "A timestamp from its parts.",
        "Seconds may have a fraction; fails for a moment that does not exist.",
        ("make_timestamp(2025, 3, 9, 14, 5, 6.5)", "TIMESTAMP '2025-03-09 14:05:06.5'"),
        build="make_timestamp(:year, :month, :day, :hour, :minute, CAST(:second AS DOUBLE))",
        may_fail=True,
    ),
    fn(
        "epoch(value: instant) -> DOUBLE",
        "Seconds since 1970-01-01 UTC.",
        "With fraction; a timestamp without zone is taken as UTC.",
        ("epoch(TIMESTAMP '1970-01-02 00:00:00.5')", "86400.5"),
        aliases=("to_epoch",),
    ),
    fn(
        "epoch_ms(value: instant) -> BIGINT",
        "Milliseconds since 1970-01-01 UTC.",
        "Whole milliseconds, toward zero.",
        ("epoch_ms(TIMESTAMP '1970-01-02 00:00:00.5')", "86400500"),
        may_fail=True,
        postgres=Unsupported("EXTRACT rounds where DuckDB cuts"),
    ),
    fn(
        "from_epoch(seconds: number) -> TIMESTAMP",
        "The moment so many seconds after 1970-01-01 UTC.",
        "Without zone, in UTC; fractions to the microsecond.",
        ("from_epoch(86400.5)", "TIMESTAMP '1970-01-02 00:00:00.5'"),
        build="timezone('UTC', to_timestamp(CAST(:seconds AS DOUBLE)))",
        may_fail=True,
    ),
    fn(
        "from_epoch_ms(milliseconds: integer) -> TIMESTAMP",
        "The moment so many milliseconds after 1970-01-01 UTC.",
        "Without zone, in UTC.",
        ("from_epoch_ms(86400500)", "TIMESTAMP '1970-01-02 00:00:00.5'"),
        build="epoch_ms(CAST(:milliseconds AS BIGINT))",
        may_fail=True,
        postgres=Unsupported("needs exact arithmetic on intervals beyond its range"),
    ),
    fn(
        "format_date(value: instant, format: text) -> VARCHAR",
        "A date or time as text.",
        "strftime codes: %Y %m %d %H %M %S %f (microseconds) %j %A %a %B %b %I %p %G %V %u %y %%. English names.",
        ("format_date(DATE '2025-03-09', '%d.%m.%Y')", "'09.03.2025'"),
        aliases=("strftime", "date_format"),
        build="strftime(:value, :format)",
        may_fail=True,
    ),
    fn(
        "parse_timestamp(text: text, format: text) -> TIMESTAMP",
        "A timestamp read from text by a format.",
        "strptime codes, as in `format_date`; fails when the text does not fit exactly.",
        ("parse_timestamp('09.03.2025 14:05', '%d.%m.%Y %H:%M')", "TIMESTAMP '2025-03-09 14:05:00'"),
        aliases=("strptime",),
        build="strptime(:text, :format)",
        literals=("format",),
        may_fail=True,
        postgres=Unsupported("to_timestamp accepts text that does not fit the format"),
    ),
    fn(
        "try_parse_timestamp(text: text, format: text) -> TIMESTAMP",
        "A timestamp read from text by a format, else NULL.",
        "As `parse_timestamp`, NULL for text that does not fit.",
        ("try_parse_timestamp('soon', '%Y')", "NULL"),
        aliases=("try_strptime",),
        build="try_strptime(:text, :format)",
        literals=("format",),
        may_fail=True,
        nulls="NULL when an argument is NULL or the text does not fit.",
    ),
    fn(
        "parse_date(text: text, format: text = '%Y-%m-%d') -> DATE",
        "A date read from text by a format.",
        "strptime codes; fails when the text does not fit exactly.",
        ("parse_date('09.03.2025', '%d.%m.%Y')", "DATE '2025-03-09'"),
        build="CAST(strptime(:text, :format) AS DATE)",
        literals=("format",),
        may_fail=True,
        postgres=Unsupported("to_date accepts text that does not fit the format"),
    ),
    fn(
        "try_parse_date(text: text, format: text = '%Y-%m-%d') -> DATE",
        "A date read from text by a format, else NULL.",
        "As `parse_date`, NULL for text that does not fit.",
        ("try_parse_date('2025-02-30')", "NULL"),
        build="CAST(try_strptime(:text, :format) AS DATE)",
        literals=("format",),
        may_fail=True,
        nulls="NULL when an argument is NULL or the text does not fit.",
    ),
    fn(
        "to_timezone(value: timestamptz, zone: text) -> TIMESTAMP",
        "What a clock in a time zone shows at a moment.",
        "IANA zone names with their history of summer time; fails for an unknown zone. SQL's AT TIME ZONE is the same.",
        ("to_timezone(TIMESTAMPTZ '2025-07-01 12:00:00+00', 'Europe/Berlin')", "TIMESTAMP '2025-07-01 14:00:00'"),
        build="timezone(:zone, :value)",
        may_fail=True,
    ),
    fn(
        "from_timezone(value: timestamp, zone: text) -> TIMESTAMP WITH TIME ZONE",
        "The moment at which a clock in a time zone shows a time.",
        "A time that a clock skips in spring is read as if the clock had not been moved yet; one shown twice in "
        "autumn is the later moment; fails for an unknown zone.",
        ("from_timezone(TIMESTAMP '2025-07-01 14:00:00', 'Europe/Berlin')", "TIMESTAMPTZ '2025-07-01 12:00:00+00'"),
        build="timezone(:zone, CAST(:value AS TIMESTAMP))",
        may_fail=True,
    ),
    fn(
        "at_utc(value: timestamp) -> TIMESTAMP WITH TIME ZONE",
        "A timestamp taken as UTC.",
        "The same reading, now with the zone UTC.",
        ("at_utc(TIMESTAMP '2025-07-01 14:00:00')", "TIMESTAMPTZ '2025-07-01 14:00:00+00'"),
        build="timezone('UTC', CAST(:value AS TIMESTAMP))",
        may_fail=True,
    ),
    fn(
        "to_utc(value: timestamptz) -> TIMESTAMP",
        "What a clock in UTC shows at a moment.",
        "Drops the zone.",
        ("to_utc(TIMESTAMPTZ '2025-07-01 14:00:00+02')", "TIMESTAMP '2025-07-01 12:00:00'"),
        build="timezone('UTC', :value)",
    ),
    fn(
        "time_bucket(width: interval, value: instant) -> same",
        "The beginning of the fixed-width interval that holds a moment.",
        "Intervals below a month are counted from Monday 3 January 2000, months from 1 January 2000.",
        ("time_bucket(INTERVAL 15 MINUTES, TIMESTAMP '2025-03-09 14:05:06')", "TIMESTAMP '2025-03-09 14:00:00'"),
        may_fail=True,
        postgres=Unsupported("date_bin knows no months and no dates"),
    ),
    *(
        fn(
            f"to_{unit}s(amount: integer) -> INTERVAL",
            f"An interval of so many {unit}s.",
            "Fails beyond the range of an interval.",
            (f"DATE '2025-01-01' + to_{unit}s(1) > DATE '2025-01-01'", "TRUE"),
            may_fail=True,
        )
        for unit in ("second", "minute", "hour", "day", "week", "month", "year")
    ),
    fn(
        "now() -> TIMESTAMP WITH TIME ZONE",
        "The moment at which the run began.",
        "Bound once per run: every row and node of a run sees the same moment.",
        ("now() IS NOT NULL", "TRUE"),
        aliases=("current_timestamp", "get_current_timestamp"),
        clock=True,
        nulls="Never NULL.",
    ),
    fn(
        "today() -> DATE",
        "The day on which the run began, in UTC.",
        "Bound once per run.",
        ("today() = CAST(now() AS DATE)", "TRUE"),
        aliases=("current_date",),
        clock=True,
        nulls="Never NULL.",
    ),
)
