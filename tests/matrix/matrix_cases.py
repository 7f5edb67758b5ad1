"""Expressions for every function, made from its signature over the columns of the matrix rows."""

from __future__ import annotations

import random
from collections.abc import Sequence

from runnel.compiler.functions import Function, Param

BY_NAME: dict[str, tuple[str, ...]] = {
    "pattern": ("'[0-9]+'", "'[a-z]'", "'^[A-Z][a-z]*'", r"'\w+@\w+\.'", r"'(\d)(\d*)'", "'a.b'", "'b$'", r"'[^ \t]+'"),
    "format": (
        "'%Y-%m-%d'",
        "'%d.%m.%Y %H:%M:%S'",
        "'%A, %B %j'",
        "'%H:%M:%S.%f'",
        "'%I %p %a %b %y'",
        "'%G-W%V-%u 100%%'",
    ),
    "zone": ("'Europe/Berlin'", "'America/New_York'", "'Asia/Kolkata'", "'UTC'"),
    "replacement": ("'<>'", "''", "'x'", "u", "'&'"),
    "flags": ("'g'", "''"),
    "path": ("'$.a'", "'$.c'", "'$.d.e'", "'$.n'", "'$'", "'$[1]'", "'b'"),
    "share": ("0.5", "0.25", "0.9"),
    "rows": ("3", "1"),
    "sign": ("'*'", "'#'"),
    "search": ("'a'", "word", "''", "' '", "'ä'"),
    "prefix": ("'a'", "word", "''"),
    "suffix": ("'a'", "word", "''"),
    "separator": ("','", "'-'", "'@'", "', '"),
    "fill": ("'*'", "'xy'"),
    "characters": ("'a'", "' ab'"),
    "decimal_sign": ("'.'", "','"),
    "length": ("j", "3", "small", "0"),
    "count": ("j", "2", "small", "-1"),
    "digits": ("12",),
    "decimals": ("2", "0", "1"),
    "field": ("'a'",),
    "join": ("lambda t, v: t",),
    "bits": ("small",),
    "buckets": ("4", "10"),
    "group": ("0", "1"),
}
BY_FUNCTION: dict[str, dict[str, tuple[str, ...]]] = {
    "make_date": {"year": ("1990 + j", "2024"), "month": ("small",), "day": ("1", "28")},
    "make_timestamp": {
        "year": ("2000 + j",),
        "month": ("small",),
        "day": ("12",),
        "hour": ("small",),
        "minute": ("small",),
        "second": ("59.5", "0"),
    },
    "split_part": {"index": ("1", "2", "-1", "7")},
    "substring": {"start": ("1", "2", "j", "0"), "length": ("0", "3", "100")},
    "to_integer": {"value": ("num_text", "m", "j", "b", "y")},
    "to_number": {"value": ("num_text", "n", "i")},
    "to_decimal": {"value": ("num_text", "m", "j"), "decimals": ("2", "0")},
    "to_boolean": {"value": ("j", "i", "m")},
    "to_date": {"value": ("date_text", "ts", "tz", "d")},
    "to_timestamp": {"value": ("date_text", "d", "tz", "ts")},
    "to_timestamptz": {"value": ("date_text", "ts", "tz", "d")},
    "to_text": {"value": ("s", "i", "n", "b", "d", "ts", "tz")},
    "concat": {"values": ("s", "i", "n", "b", "u", "d", "NULL")},
    "concat_ws": {"values": ("s", "j", "u", "b"), "separator": ("', '", "''", "u")},
    "hash_id": {"values": ("s", "i", "u", "m", "d")},
    "asin": {"value": ("unit",)},
    "acos": {"value": ("unit",)},
    "sin": {"value": ("y", "n")},
    "cos": {"value": ("y",)},
    "tan": {"value": ("y",)},
    "list_flatten": {"list": ("[texts]", "[ints, ints]")},
    "list_get": {"list": ("texts", "ints"), "index": ("1", "j", "-1", "small")},
    **{
        f"to_{unit}s": {"amount": ("j", "small")}
        for unit in ("second", "minute", "hour", "day", "week", "month", "year")
    },
    "sinh": {"value": ("y", "j")},
    "cosh": {"value": ("y", "j")},
    "exp": {"value": ("y", "x", "j")},
    "degrees": {"radians": ("y", "j")},
    "power": {"value": ("y", "x", "j", "2"), "exponent": ("j", "2", "y", "0.5", "-1")},
    "width_bucket": {"value": ("y", "j"), "low": ("-20", "0"), "high": ("30", "10")},
    "from_epoch": {"seconds": ("y", "i % 1000000", "small")},
    "distance_km": {"lat1": ("y",), "lon1": ("y * 2",), "lat2": ("unit",), "lon2": ("j",)},
    "factorial": {"value": ("small",)},
    "lcm": {"a": ("small", "j"), "b": ("small",)},
    "gcd": {"a": ("small", "i"), "b": ("j",)},
    "date_add": {"value": ("d2", "ts2", "tz"), "amount": ("j", "5")},
    "date_subtract": {"value": ("d2", "ts2", "tz"), "amount": ("j", "5")},
    "date_diff": {"start": ("d2", "ts2", "tz"), "stop": ("ts2", "d2", "DATE '2025-02-28'")},
    "last_day": {"value": ("d2", "ts2", "tz")},
    "days_in_month": {"value": ("d2", "ts2", "tz")},
    "json_number": {"value": ("js",)},
    "json_integer": {"value": ("js",)},
    "repeat": {"count": ("j", "2", "0")},
    "mask": {"keep": ("2", "j", "0")},
    "round": {"value": ("y", "x", "n", "m", "i", "j"), "decimals": ("0", "1", "2", "-1", "3")},
    "list_contains": {"list": ("texts", "ints"), "value": ("'a'", "2")},
    "list_position": {"list": ("texts", "ints"), "value": ("'a'", "2")},
    "list_append": {"list": ("texts", "ints"), "value": ("s", "j")},
    "list_prepend": {"value": ("s", "j"), "list": ("texts", "ints")},
    "list_concat": {"a": ("texts", "ints"), "b": ("texts", "ints")},
    "list_has_any": {"a": ("texts", "ints"), "b": ("['a', 'z']", "[1, 2]")},
    "weighted_avg": {"value": ("y", "j"), "weight": ("small",)},
    "sum": {"value": ("y", "i", "n", "small")},
    "avg": {"value": ("y", "i", "n", "small")},
    "if": {"condition": ("b", "j > 2", "s = u"), "then": ("s", "u"), "otherwise": ("u", "'z'")},
    "from_timezone": {"value": ("ts2", "TIMESTAMP '2025-03-30 02:30:00'", "TIMESTAMP '2025-10-26 02:30:00'", "d2")},
    "time_bucket": {"width": ("INTERVAL 15 MINUTES",), "value": ("ts2",)},
    "stddev": {"value": ("y", "j", "m")},
    "stddev_pop": {"value": ("y", "j", "m")},
    "variance": {"value": ("y", "j", "m")},
    "var_pop": {"value": ("y", "j", "m")},
    "covar_samp": {"y": ("y", "m"), "x": ("small", "unit")},
    "covar_pop": {"y": ("y", "m"), "x": ("small", "unit")},
    "geometric_mean": {"value": ("small", "m * m + 1", "y")},
    "median": {"value": ("y", "i", "m", "small")},
    "quantile": {"value": ("y", "i", "m", "small")},
    "running_sum": {"value": ("y", "i", "m")},
    "running_avg": {"value": ("y", "i", "m")},
    "moving_avg": {"value": ("y", "small", "m")},
    "moving_sum": {"value": ("y", "i", "m")},
    "percent_change": {"value": ("y", "small", "m")},
    "share_of_total": {"value": ("y", "small", "m")},
    "change": {"value": ("y", "j", "m")},
    "ntile": {"buckets": ("3", "200")},
    "lag": {"offset": ("1", "2", "0"), "otherwise": ("NULL",)},
    "lead": {"offset": ("1", "2"), "otherwise": ("NULL",)},
    "nth_value": {"n": ("1", "2")},
    "string_agg": {"value": ("s", "u")},
    "try_to_number": {"value": ("s", "num_text", "u", "n", "i")},
    "try_to_integer": {"value": ("s", "num_text", "u", "m", "j", "b", "y")},
    "try_to_boolean": {"value": ("s", "u", "j", "i", "m", "y")},
    "try_to_decimal": {"value": ("s", "num_text")},
    "try_to_date": {"value": ("s", "date_text")},
    "try_to_timestamp": {"value": ("s", "date_text")},
    "is_date": {"text": ("date_text", "s")},
    "try_parse_date": {"text": ("date_text", "s")},
    "try_parse_timestamp": {"text": ("date_text", "s")},
    "is_xml": {"value": ("s", "'<a>' || s || '</a>'")},
    **{
        name: {"document": ("'<a b=\"1\"><c>' || word || '</c><c/></a>'",), "path": ("'c'", "'@b'", "'d'")}
        for name in ("xml_text", "xml_texts", "xml_extract", "xml_exists")
    },
}
BY_PLACE = {
    "choose": ("b", "s", "j > 2", "u", "'none'"),
    "map_value": ("s", "'a'", "'one'", "u", "'two'"),
}
BY_KIND: dict[str, tuple[str, ...]] = {
    "text": ("s", "u", "word", "''"),
    "integer": ("j", "small", "i"),
    "number": ("y", "n", "i", "x", "m", "j"),
    "boolean": ("b", "j > 2"),
    "date": ("d", "d2"),
    "timestamp": ("ts", "d2", "ts2"),
    "timestamptz": ("tz",),
    "instant": ("ts", "d", "tz", "ts2", "d2"),
    "interval": ("INTERVAL 3 DAYS",),
    "jsontext": ("js",),
    "json": ("js",),
    "list": ("texts", "ints"),
    "struct": ("{'a': j}",),
    "map": ("MAP {'a': j}",),
    "any": ("s", "i", "d", "b", "n", "y", "ts"),
    "lambda": ("lambda v: v",),
}
SAME = (
    ("s", "u", "'a'"),
    ("i", "j", "5"),
    ("y", "x", "0"),
    ("n", "m", "1.5"),
    ("d", "d2", "DATE '2025-01-01'"),
    ("ts", "ts2", "ts"),
)
ORDERS = ("id", "grp, id", "s, id", "x DESC, id", "d NULLS FIRST, id DESC")


def cases(function: Function, count: int = 8) -> list[str]:
    """Return different calls of a function; the same ones in every run."""
    chance = random.Random(function.name)
    found: dict[str, None] = {}
    for number in range(count * 3):
        arity = _arity(function, number)
        found[
            _call(
                function,
                [_argument(function, i, number + i * (number // 3), number) for i in range(arity)],
                chance,
                number,
            )
        ] = None
        if len(found) >= count:
            break
    return list(found)


def _arity(function: Function, number: int) -> int:
    if function.name in BY_PLACE:
        return (3, 4, 5)[number % 3] if function.name == "map_value" else (2, 4, 5)[number % 3]
    if function.most is None:
        return max(function.least, 2 + number % 3)
    return function.least if number % 2 == 0 else function.most


def _argument(function: Function, index: int, turn: int, number: int) -> str:
    param = function.param(index)
    own = BY_FUNCTION.get(function.name, {}).get(param.name)
    if function.name in BY_PLACE:
        return BY_PLACE[function.name][index]
    if own is not None and function.name.startswith("list_"):
        return own[number % len(own)]
    if own is not None:
        return own[turn % len(own)]
    if param.name in ("unit", "part") and function.units:
        return "'" + function.units[(number * 3 + 1) % len(function.units)] + "'"
    return _generic(param, index, turn, number)


def _generic(param: Param, index: int, turn: int, number: int) -> str:
    if param.kind == "same":
        group = SAME[number % len(SAME)]
        return group[index % len(group)]
    named = BY_NAME.get(param.name)
    if named is not None and (param.kind != "number" or param.name == "share"):
        return named[turn % len(named)]
    choices: Sequence[str] = [text for part in param.kind.split("|") for text in BY_KIND[part]]
    return choices[turn % len(choices)]


def _call(function: Function, args: list[str], chance: random.Random, number: int) -> str:
    inside = ", ".join(args)
    if function.kind == "scalar":
        moved = "TIMESTAMP '2024-01-31 10:00:00' + " if function.returns == "INTERVAL" else ""
        return f"{moved}{function.name}({inside})"
    if function.kind == "aggregate":
        if function.name in ("string_agg", "list", "first", "last", "any_value"):
            inside += f" ORDER BY {ORDERS[number % len(ORDERS)]}"
        if function.name in ("count", "sum", "min") and number % 3 == 1 and args:
            inside = "DISTINCT " + inside
        filtered = " FILTER (WHERE small > 3)" if number % 4 == 3 else ""
        return f"{function.name}({inside}){filtered}"
    partition = "PARTITION BY grp " if number % 2 else ""
    order = "" if function.name == "share_of_total" else f"ORDER BY {chance.choice(ORDERS)}"
    return f"{function.name}({inside}) OVER ({partition}{order})"
