"""Configs per node kind over the generated rows; the columns of each input are named in order."""

from __future__ import annotations

from matrix_nodes import Case

WIDE = "id grp s i n x b d ts tz"


def one(config: dict[str, object], columns: str = WIDE, ordered: bool = False, behind: dict[str, object] | None = None) -> Case:
    return Case(config, {"input": columns}, ordered, behind)


def two(config: dict[str, object], left: str, right: str, names: tuple[str, str] = ("left", "right")) -> Case:
    return Case(config, dict(zip(names, (left, right), strict=True)))


LAST = {"column": "x", "order": "descending", "nulls": "first"}

CASES: dict[str, tuple[Case, ...]] = {
    "table.aggregate": (
        one({"group_by": ["grp", "b"], "values": {"rows": "count(*)", "there": "count(x)", "kinds": "count(distinct s)",
                                                  "total": "sum(m)", "mean": "avg(y)", "low": "min(s)", "high": "max(x)",
                                                  "first_day": "min(d)", "last_time": "max(tz)"}},
            "id grp b s m x y d tz"),
        one({"values": {"rows": "count(*)", "big": "count(*) FILTER (WHERE x > 1)", "low": "min(x)", "high": "max(n)"}}),
        one({"group_by": ["x"], "values": {"rows": "count(*)", "any": "bool_or(b)"}}),
        one({"group_by": ["s", "d", "tz", "n"]}),
        one({"group_by": ["grp"], "include_details": True}, "grp i"),
    ),
    "table.cast": (
        one({"columns": {"i": "text", "b": "text", "d": "text"}, "on_error": "fail"}),
        one({"columns": {"j": "DOUBLE", "d": "timestamp"}, "on_error": "fail"}, "id j d"),
        one({"columns": {"i": "text", "b": "text"}}, "id i b s"),
        one({"columns": {"i": "text"}, "on_error": "null"}, "id i s"),
        one({"columns": {"num_text": "BIGINT", "s": "INTEGER", "u": "DOUBLE"}}, "id num_text s u"),
        one({"columns": {"i": "SMALLINT", "n": "TINYINT", "word": "BOOLEAN", "b": "INTEGER"}}, "id i n word b"),
        one({"columns": {"x": "BIGINT", "s": "boolean"}, "on_error": "null"}, "id x s"),
        one({"columns": {"num_text": "DECIMAL(10,2)"}}, "id num_text"),
    ),
    "table.parse_date": (
        one({"columns": ["date_text"], "formats": ["%Y-%m-%d"]}, "id date_text"),
        one({"columns": ["s", "date_text"], "formats": ["%d.%m.%Y", "%Y-%m-%d"], "type": "timestamp", "on_error": "null"},
            "id s date_text"),
        one({"columns": ["date_text"], "formats": ["%Y-%m-%d"], "type": "timestamptz", "zone": "UTC"}, "id date_text"),
        one({"columns": ["date_text"], "formats": ["%y-%m-%d"]}, "id date_text"),
    ),
    "table.compare": (
        two({"on": ["id"]}, "id s x", "id s x", ("before", "after")),
        two({"on": ["grp"], "unchanged": True}, "grp d n", "grp d n", ("before", "after")),
    ),
    "table.conditional": (
        one({"cases": [{"when": "s = ''", "set": {"s": "'empty'", "kind": "1"}},
                       {"when": "x > 1", "set": {"kind": "2"}}], "else": {"kind": "3"}}),
        one({"cases": [{"when": "b", "set": {"d": "d2", "size": "n"}}]}, "id b d d2 n"),
    ),
    "table.constant": (
        one({"columns": {"t": "it's \\ ü", "n2": 1.5, "i": -7, "yes": True, "none": None, "empty": ""}}),
        one({"columns": {"day": "2024-02-29", "at": "2024-02-29T10:00:00", "dec": "1.25", "big": 2**62},
             "types": {"day": "date", "dec": "DECIMAL(10,2)", "at": "timestamp"}}),
    ),
    "table.deduplicate": (
        one({"keys": ["grp", "b"]}),
        one({"keys": ["s"], "order_by": ["-x", "tz"]}),
        one({"keys": ["x"], "order_by": [LAST, "-s"], "keep": "last"}),
        one({"similarity": {"columns": ["s"], "threshold": 0.8}}, "id s"),
        one({"similarity": {"columns": ["s"], "threshold": 0.8, "method": "levenshtein"}}, "id s"),
    ),
    "table.derive": (
        one({"columns": {"t": "upper(s)", "y": "coalesce(x, 0.0)", "same": "s = u", "z": "t || '!'"}}, "id s u x"),
        one({"columns": {"half": "m / 4", "year": "year(d)", "next": "d2 + 1", "short": "left(s, 3)"}, "on_error": "fail"},
            "id m d2 s d"),
        one({"columns": {"x": "x * 2"}, "on_error": "null"}, "id y x"),
        one({"columns": {"more": "j + 1", "less": "j - small"}, "on_error": "fail"}, "id j small"),
        one({"columns": {"more": "i + 1", "product": "i * i", "mixed": "i * 3 - j"}}, "id i j"),
        one({"columns": {"product": "i * i + i"}, "on_error": "null"}, "id i j"),
    ),
    "table.distinct": (
        one({}, "grp b"), one({}, "s x"), one({}, "d tz n"), one({"columns": ["grp", "b"]}), one({"columns": ["x"]}),
        one({"columns": ["s"]}),
    ),
    "table.drop": (one({"columns": ["s", "x"]}),),
    "table.explode": (one({"column": "texts"}, "id texts"),),
    "table.extract": (
        one({"column": "s", "pattern": "([a-z]+)-([a-z]+)", "into": ["l", "r"]}, "id s"),
        one({"column": "date_text", "pattern": "^([0-9]{4})-([0-9]{2})", "into": ["y", "m"], "keep": False}, "id date_text"),
        one({"column": "s", "pattern": "(?P<word>[a-z]+)"}, "id s"),
    ),
    "table.extract_xml": (one({"column": "s", "paths": {"a": "a"}}, "id s"),),
    "table.extract_json": (one({"column": "js", "paths": {"a": "a"}}, "id js"),),
    "table.fill": (
        one({"columns": ["s"], "value": "—"}), one({"columns": ["x", "i"], "value": 0}, "id x i"),
        one({"columns": ["i", "s", "x"], "method": "forward", "group_by": ["grp"], "order_by": ["-id"]}),
        one({"columns": ["d", "tz"], "method": "backward", "order_by": ["x", "id"]}),
        one({"columns": ["y"], "method": "mean", "group_by": ["grp"]}, "id grp y"),
        one({"columns": ["y"], "method": "median"}, "id grp y"),
        one({"columns": ["word", "b"], "method": "mode", "group_by": ["grp"]}, "id grp word b"),
        one({"columns": ["s", "x"], "method": "min"}), one({"columns": ["n", "tz", "x"], "method": "max", "group_by": ["b"]}),
    ),
    "table.filter": (
        one({"where": "x > 1"}), one({"where": "s >= 'a' AND NOT b"}), one({"where": "d BETWEEN '2000-01-01' AND '2025-01-01'"}),
        one({"where": "tz < '2025-01-01T00:00:00Z' OR i IN (1, 2, 3)"}), one({"where": "s LIKE '%a_%' OR s IS NULL"}),
        one({"where": "isnan(x)"}),
    ),
    "table.hash": (
        one({"columns": ["s"]}), one({"columns": ["s", "i", "d"], "salt": "ü", "algorithm": "md5", "into": "key"}),
        one({"columns": ["s"], "algorithm": "sha1"}),
    ),
    "table.join": (
        *(two({"how": how, "on": {"small": "j"}}, "id small s x", "j s d")
          for how in ("inner", "left", "right", "full", "semi", "anti")),
        *(two({"how": how, "on": ["s", "b"]}, "id s b", "s b n tz") for how in ("inner", "left", "full", "semi", "anti")),
        *(two({"how": how, "on": ["x"]}, "id x", "x s") for how in ("inner", "semi", "anti", "full")),
        *(two({"how": how, "on": ["tz"]}, "id tz d", "tz d") for how in ("left", "anti")),
        two({"how": "cross"}, "id s", "x d"),
        two({"how": "asof", "on": ["grp"], "order": "d"}, "id grp d", "grp d n"),
    ),
    "table.limit": (
        one({"rows": 7, "offset": 3}, ordered=True, behind={"by": ["-x", "id"]}), one({"rows": 500}), one({"rows": 0}),
    ),
    "table.curve": (
        two({"x": "x", "curve_x": "j", "curve_y": "y", "measured": "y"}, "id x y", "j y", ("input", "curve")),
        two({"x": "i", "curve_x": "x", "curve_y": "i", "on": {"grp": "grp"}, "outside": "nearest"}, "id i grp", "x i grp",
            ("input", "curve")),
    ),
    "table.lookup": (
        two({"on": ["word"], "defaults": {"note": "ü", "j": 0}, "columns": {"s": "note", "j": "j"}}, "id word x", "word s j",
            ("input", "lookup")),
        two({"on": {"s": "u"}}, "id s", "u x tz n", ("input", "lookup")),
    ),
    "table.mask": (
        *(one({"columns": ["s", "u"], "show": show, "keep": 2}, "id s u") for show in ("end", "start", "email", "digits", "all")),
    ),
    "table.merge_columns": (
        one({"columns": ["s", "u"], "into": "both", "separator": " – "}, "id s u"),
        one({"columns": ["s", "i", "d", "b"], "into": "all", "keep": True}),
    ),
    "table.pivot": (
        one({"index": ["s"], "column": "grp", "value": "y", "values": ["a", "d", "none"]}, "s grp y"),
        one({"index": ["small"], "column": "grp", "value": "m", "values": ["a", "b"]}, "small grp m"),
        one({"column": "b", "value": "s", "aggregate": "max", "values": [True, False]}, "b s"),
        one({"index": ["grp"], "column": "small", "value": "x", "aggregate": "count", "values": [1, 2]}, "grp small x"),
        one({"index": ["grp"], "column": "small", "value": "x", "aggregate": "min", "values": [1, 2]}, "grp small x"),
        one({"index": ["grp"], "column": "b", "value": "y", "aggregate": "avg", "values": [True, False]}, "grp b y"),
        one({"index": ["grp"], "column": "b", "value": "i", "aggregate": "sum", "values": [True, False]}, "grp b i"),
        one({"index": ["grp"], "column": "b", "value": "s", "aggregate": "first", "values": [True, False]}, "grp b s"),
    ),
    "table.rename": (one({"columns": {"s": "größe", "x": "X y"}}),),
    "table.reorder": (one({"columns": ["tz", "s"]}), one({"columns": ["id"], "place": "last"})),
    "table.route": (one({"routes": {"low": "x < 0", "text": "s > 'a'", "day": "d > '2000-01-01'"}}),),
    "table.sample": (
        one({"rows": 10, "seed": 3}, "id s i b d"), one({"share": 0.4}, "id s n"),
        one({"rows": 2, "group_by": ["grp"]}, "id grp u"), one({"share": 1}),
    ),
    "table.select": (one({"columns": ["tz", "x", "s"]}),),
    "table.sort": (
        one({"by": ["s", "id"]}, ordered=True), one({"by": ["-x", LAST, "-s", "id"]}, ordered=True),
        one({"by": ["b", "-d", {"column": "tz", "nulls": "first"}, "-id"]}, ordered=True),
        one({"by": [{"column": "n", "nulls": "first"}, "-i", "id"]}, ordered=True),
    ),
    "table.split": (
        one({"column": "s", "into": ["a", "b"]}, "id s"), one({"column": "s", "into": ["a", "b", "c"], "separator": ","}, "id s"),
        one({"column": "s", "into": ["s", "b"], "separator": "ll", "keep": False}, "id s"),
        one({"column": "s", "into": ["a", "b"], "separator": "-", "further": True}, "id s"),
        one({"column": "s", "into": ["a"], "separator": "[,-]", "regex": True}, "id s"),
    ),
    "table.sql": (
        one({"query": "SELECT b, count(*) AS n, max(s) AS top FROM input WHERE x > 0 GROUP BY b HAVING count(*) > 1"}),
        one({"query": "WITH t AS (SELECT *, row_number() OVER (PARTITION BY grp ORDER BY id DESC) AS r FROM input) "
                      "SELECT t.*, upper(s) AS big FROM t WHERE r <= 3 AND s LIKE '%a%'"}),
        one({"query": "SELECT a.id, b.s FROM input a LEFT JOIN input b ON a.s = b.s AND a.id < b.id ORDER BY a.id LIMIT 9"}),
        one({"query": "SELECT s, d FROM input UNION ALL SELECT 'x', NULL FROM input WHERE b"}),
    ),
    "table.top_n": (
        one({"rows": 5, "by": ["-x"]}), one({"rows": 2, "by": ["s"], "group_by": ["grp"]}),
        one({"rows": 3, "by": [LAST], "group_by": ["b"], "ties": True}), one({"rows": 4, "by": ["-tz", "d"]}),
    ),
    "table.union": (
        Case({}, {"inputs#1": "id s x", "inputs#2": "x s d"}), Case({"by": "position"}, {"inputs#1": "id s", "inputs#2": "i u"}),
        Case({}, {"inputs#1": "id n", "inputs#2": "id n tz", "inputs#3": "tz"}),
        Case({}, {"inputs#1": "id s i", "inputs#2": "i"}),
    ),
    "table.unpivot": (
        one({"columns": ["s", "u"]}, "id s u"), one({"columns": ["i", "j", "n"], "keep_nulls": True}, "id i j n"),
        one({"columns": ["x", "y"], "name": "größe", "value": "wert"}, "id x y"),
    ),
    "table.validate": (
        one({"rules": [{"check": "x > 0", "name": "positive"}, {"check": "length(s) < 5", "on_null": "pass"},
                       {"check": "b", "message": "nicht 'wahr'"}]}),
        one({"rules": [{"check": "d >= '2000-01-01' AND i <> 7"}]}),
    ),
    "table.window": (
        one({"partition_by": ["grp"], "order_by": ["s", "id"], "columns": {
            "number": "row_number()", "before": "lag(x)", "later": "lead(d, 2)", "first": "first_value(s)",
            "total": "sum(j)", "rows": "count(*)"}}, "id grp s x d j"),
        one({"order_by": ["b", "-x"], "columns": {"rank": "rank()", "dense": "dense_rank()", "s": "upper(s)"}}),
        one({"order_by": ["id"], "moving_rows": 3, "columns": {"mean": "avg(y)", "low": "min(s)", "total": "sum(m)"}},
            "id y s m"),
        one({"partition_by": ["b"], "columns": {"rows": "count(*)", "high": "max(x)"}}),
    ),
}  # fmt: skip
