"""Conversions that give NULL where DuckDB's TRY_CAST does: the value is judged first, and converted only if it fits."""

from __future__ import annotations

from runnel.compiler.dialects.postgres.functions import cast, known, writes
from runnel.compiler.dialects.postgres.typed import Typed, quoted, refuse, type_name
from runnel.compiler.dialects.types import read_type
from runnel.sdk.date_formats import numeric_format

ATTEMPTED = "strptime, attempted"
_BITS = {"TINYINT": 7, "SMALLINT": 15, "INTEGER": 31, "BIGINT": 63}
_TRUE, _FALSE = ("true", "t", "1", "yes", "y"), ("false", "f", "0", "no", "n")
_BLANKS = "E' \\t\\n\\x0b\\x0c\\r'"
_DIGITS = "[0-9]+(_[0-9]+)*"
_NUMBER = rf"^[+]?-?({_DIGITS}([.]({_DIGITS})?)?|[.]{_DIGITS})([eE][+-]?{_DIGITS})?$"
_WHOLE = rf"^([+-]?)(?:({_DIGITS})([.]({_DIGITS})?)?|[.]({_DIGITS}))([eE]([+-]?{_DIGITS})[.]?)?$"
_HEX, _BINARY = "^0[xX][0-9a-fA-F]+(_[0-9a-fA-F]+)*$", "^0[bB][01]+(_[01]+)*$"
_BEYOND = 2**63
_FAR = "[eE][+-]?[0_]*[1-9](_?[0-9]){4,}$"
_RANGES = {"m": (1, 12), "H": (0, 23), "M": (0, 59), "S": (0, 59)}


def total(value: Typed, target: str) -> bool:
    """Tell whether a conversion cannot fail for any value."""
    before, after = value.family, Typed("", target).family
    if after == "text" or (before == "timestamp" and after == "date"):
        return True
    if before == "boolean":
        return after == "integer"
    number = before in ("integer", "decimal")
    return (number and target == "DOUBLE") or (after == "boolean" and (number or before == "double"))


def try_cast(value: Typed, target: str) -> Typed:
    """Write TRY_CAST; refuses conversions whose failures are not known to be alike."""
    if total(value, target) or value.type == target or value.family == "null":
        return cast(value, target)
    if value.family == "text" and target == "BOOLEAN":
        return Typed(_boolean(value.sql), target)
    if value.family == "text" and target == "DOUBLE":
        return Typed(_double(value.sql), target)
    if value.family == "text" and target in _BITS:
        return Typed(_integer(value.sql, 2 ** _BITS[target], type_name(target)), target)
    fits = _fits(value, target)
    if fits is None:
        reason = "PostgreSQL 15 has no cast that cannot fail, and this one reads or rounds otherwise there"
        raise refuse(f"TRY_CAST from {value.type} to {target}", reason)
    return Typed(f"(CASE WHEN {fits} THEN {cast(value, target).sql} END)", target)


def _fits(value: Typed, target: str) -> str | None:
    """Return the condition that a number is in the range of the target, once it was rounded."""
    found = read_type(target)
    if found.name in _BITS and value.family in ("integer", "decimal", "double"):
        low, beyond = -(2 ** _BITS[found.name]), 2 ** _BITS[found.name]
        rounded = value.sql if value.family == "integer" else f"round({value.sql})"
        return f"{rounded} >= {low} AND {rounded} < {beyond}"
    if found.name == "DECIMAL" and value.family in ("integer", "decimal"):
        width, scale = found.params
        rounded = f"round(CAST({value.sql} AS numeric), {scale})"
        return f"abs({rounded}) < {10 ** (width - scale)}"
    return None


def _boolean(text: str) -> str:
    yes, no = (", ".join(map(quoted, words)) for words in (_TRUE, _FALSE))
    low = f'lower({text} COLLATE "C")'
    return f"(CASE WHEN {low} IN ({yes}) THEN TRUE WHEN {low} IN ({no}) THEN FALSE END)"


def _double(text: str) -> str:
    """Write the reading of a number: out of range it is infinite or zero, as IEEE 754 has it, and not an error."""
    kind = "double precision"
    plain = f"btrim({text}, {_BLANKS})"
    number = f"ltrim(replace({plain}, '_', ''), '+')"
    exact = f"abs(CAST({number} AS numeric))"
    sign = f"(CASE WHEN {plain} ~ '^[+]?-' THEN -1 ELSE 1 END)"
    infinite = f"({sign} * CAST('Infinity' AS {kind}))"
    zero = f"CAST(0 AS {kind})"
    return (
        f"(CASE WHEN {plain} ~* '^[+]?-?nan$' THEN CAST('NaN' AS {kind}) "
        f"WHEN {plain} ~* '^[+]?-?inf(inity)?$' THEN {infinite} "
        f"WHEN {plain} !~ {quoted(_NUMBER)} THEN NULL "
        f"WHEN {plain} ~ {quoted(_FAR)} THEN "
        f"CASE WHEN {plain} ~ '[eE]-' OR {plain} !~ '^[^eE]*[1-9]' THEN {zero} ELSE {infinite} END "
        f"WHEN {exact} >= 1.797693134862315807937e308 THEN {infinite} "
        f"WHEN {exact} <= 2.47032822920623272e-324 THEN {zero} "
        f"ELSE CAST({number} AS {kind}) END)"
    )


def _integer(text: str, beyond: int, kind: str) -> str:
    """Write the reading of a whole number as DuckDB reads it.

    Fractions are rounded half away from zero, the whole part before an exponent must fit BIGINT, and of the fraction
    only so many digits count as fit one.
    """
    whole = "coalesce(replace(m[2], '_', ''), '0')"
    fraction = "coalesce(replace(coalesce(m[5], m[7]), '_', ''), '')"
    power = "CAST(CASE WHEN length(x) > 6 THEN '99999' ELSE x END AS integer)"
    parts = (
        f"SELECT m, {whole} AS w, substring({fraction} FROM '^0*') AS z, substring({fraction} FROM '^0*(.*)$') AS g, "
        f"regexp_replace(replace(coalesce(m[10], '0'), '_', ''), '^([+-]?)0*([0-9])', '\\1\\2') AS x "
        f"FROM (SELECT regexp_match(btrim({text}, {_BLANKS}), {quoted(_WHOLE)}) AS m) AS r"
    )
    kept = f"z || left(g, CASE WHEN CAST('0' || left(g, 19) AS numeric) < {_BEYOND} THEN 19 ELSE 18 END)"
    limit = f"CASE WHEN m[1] = '-' THEN {_BEYOND} ELSE {_BEYOND - 1} END"
    number = "CAST(m[1] || w || '.' || f || 'e' || e AS numeric)"
    judged = (
        f"CASE WHEN m IS NULL OR e < -32768 OR e > 32767 OR CAST(w AS numeric) > {limit} THEN NULL "
        f"WHEN (w || f) ~ '^0*$' OR e < -19 THEN 0 WHEN e > 60 + length(f) THEN NULL ELSE round({number}) END"
    )
    read = f"SELECT {judged} AS n FROM (SELECT m, w, {kept} || '0' AS f, {power} AS e FROM ({parts}) AS p) AS q"
    digits = f"ltrim(replace(substr(ltrim({text}, {_BLANKS}), 3), '_', ''), '0')"
    coded = [
        f"WHEN ltrim({text}, {_BLANKS}) ~ {quoted(pattern)} THEN CASE WHEN length({digits}) <= {most} "
        f"THEN CAST(CAST({sign} || lpad({digits}, {width}, '0') AS bit(64)) AS bigint) END"
        for pattern, sign, most, width in ((_HEX, "'x'", 16, 16), (_BINARY, "''", 63, 64))
    ]
    found = f"CASE {' '.join(coded)} ELSE ({read}) END"
    low = f"CASE WHEN ltrim({text}, {_BLANKS}) ~ '^0[xXbB]' THEN 0 ELSE -{beyond} END"
    return f"(SELECT CASE WHEN n >= {low} AND n < {beyond} THEN CAST(n AS {kind}) END FROM (SELECT {found} AS n) AS o)"


@writes("try_strptime")
def _tried(args: list[Typed]) -> Typed:
    """Write DuckDB's try_strptime, for which `epoch` and the infinities are the first day of 1900."""
    return _read(args, f"CAST('1900-01-01' AS {type_name('TIMESTAMP')})")


@writes(ATTEMPTED)
def _attempted(args: list[Typed]) -> Typed:
    """Write an attempt of DuckDB's strptime, which reads `epoch` and the infinities as what they say."""
    plain = f"btrim({args[0].sql}, {_BLANKS})"
    return _read(args, f"CAST({plain} AS {type_name('TIMESTAMP')})")


def _read(args: list[Typed], special: str) -> Typed:
    """Read a date or time by a format of numbers: the text is taken apart, judged, and only then put together."""
    text, format = args
    written = known(format, "try_strptime()", "the format")
    parts = numeric_format(written)
    if parts is None or text.family != "text":
        raise refuse("try_strptime()", "only formats of numbers with signs between them are read alike there")
    pattern, codes = "", list[str]()
    for part in parts:
        if part[0] == "%":
            codes.append(part[1])
            pattern += "([0-9]{1,4})" if part == "%Y" else "([0-9]{1,2})"
        else:
            pattern += "[ \\t\\n\\x0b\\x0c\\r]+" if part == " " else "".join(_sign(sign) for sign in part)
    plain = f"btrim({text.sql}, {_BLANKS})"
    field = {code: f"CAST(m[{codes.index(code) + 1}] AS integer)" for code in codes}
    year = field.get("Y", "1900")
    month, day = field.get("m", "1"), field.get("d", "1")
    tests = [f"{field[code]} BETWEEN {low} AND {high}" for code, (low, high) in _RANGES.items() if code in field]
    if "d" in field:
        leap = f"({year} % 4 = 0 AND ({year} % 100 <> 0 OR {year} % 400 = 0))"
        short = f"CASE WHEN {month} = 2 THEN CASE WHEN {leap} THEN 29 ELSE 28 END"
        tests.append(f"{day} BETWEEN 1 AND ({short} WHEN {month} IN (4, 6, 9, 11) THEN 30 ELSE 31 END)")
    hour, minute, second = (field.get(code, "0") for code in "HMS")
    made = f"make_timestamp((CASE WHEN {year} = 0 THEN -1 ELSE {year} END), {month}, {day}, {hour}, {minute}, {second})"
    words = "('epoch', 'infinity', '-infinity')"
    judged = f"CASE WHEN {' AND '.join(['m IS NOT NULL', *tests])} THEN {made} END"
    read = f"(SELECT {judged} FROM (SELECT regexp_match({plain}, {quoted('^' + pattern + '$')}) AS m) AS p)"
    return Typed(f"(CASE WHEN lower({plain} COLLATE \"C\") IN {words} THEN {special} ELSE {read} END)", "TIMESTAMP")


def _sign(sign: str) -> str:
    return sign if sign.isalpha() else f"[{sign}]" if sign not in "^\\]" else f"\\{sign}"
