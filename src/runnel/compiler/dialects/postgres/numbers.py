"""Numbers in PostgreSQL, with DuckDB's results outside a function's domain (NaN, infinities) instead of errors."""

from __future__ import annotations

from runnel.compiler.dialects.postgres.functions import cast, number, plain, whole_number, writes
from runnel.compiler.dialects.postgres.typed import Typed, common_type, refuse

_NAN = "CAST('NaN' AS double precision)"
_INF = "CAST('Infinity' AS double precision)"

for _name in (
    "cbrt",
    "radians",
    "degrees",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "atan2",
    "pi",
):
    plain(_name, "DOUBLE")
plain("gcd", "BIGINT")
plain("lcm", "BIGINT")


def _double(sql: str) -> Typed:
    return Typed(sql, "DOUBLE")


def _kept(name: str) -> None:
    @writes(name)
    def _write(args: list[Typed]) -> Typed:
        return Typed(f"{name}({args[0].sql})", args[0].type)


for _name in ("abs", "ceil", "floor"):
    _kept(_name)


@writes("trunc")
def _trunc(args: list[Typed]) -> Typed:
    return Typed(f"trunc({args[0].sql})", args[0].type)


@writes("sqrt")
def _sqrt(args: list[Typed]) -> Typed:
    x = number(args[0])
    return _double(f"CASE WHEN {x} < 0 THEN {_NAN} ELSE sqrt({x}) END")


def _logarithm(name: str, formula: str) -> None:
    @writes(name)
    def _write(args: list[Typed]) -> Typed:
        x = number(args[0])
        return _double(f"CASE WHEN {x} = 0 THEN -{_INF} WHEN {x} < 0 THEN {_NAN} ELSE {formula.format(x=x)} END")


_logarithm("ln", "ln({x})")
_logarithm("log10", "log10({x})")
_logarithm("log2", "(ln({x}) / ln(CAST(2 AS double precision)))")


@writes("exp")
def _exp(args: list[Typed]) -> Typed:
    x = number(args[0])
    return _double(
        f"CASE WHEN {x} = {_NAN} THEN {x} WHEN {x} > 709.782712893384 THEN {_INF} WHEN {x} < -708 THEN "
        f"CASE WHEN {x} < -745.1 THEN 0 ELSE exp({x} + 60) * exp(CAST(-60 AS double precision)) END ELSE exp({x}) END"
    )


@writes("power")
def _power(args: list[Typed]) -> Typed:
    """Write C's pow() case by case where PostgreSQL raises an error."""
    x, y = number(args[0]), number(args[1])
    odd = f"({y} = trunc({y}) AND abs({y}) < 9007199254740992 AND mod(CAST({y} AS numeric), 2) <> 0)"
    finite = f"({x} NOT IN ({_NAN}, {_INF}, -{_INF}) AND {y} NOT IN ({_NAN}, {_INF}, -{_INF}))"
    size = f"{y} * ln(abs({x}))"
    negative = f"CASE WHEN {x} < 0 AND {odd} THEN -1 ELSE 1 END"
    return _double(
        f"CASE WHEN {x} = -{_INF} AND {y} <> trunc({y}) AND {y} NOT IN ({_NAN}, {_INF}, -{_INF}) THEN "
        f"CASE WHEN {y} > 0 THEN {_INF} ELSE 0 END WHEN NOT {finite} THEN power({x}, {y}) WHEN {x} = 0 AND {y} < 0 "
        f"THEN {_INF} "
        f"WHEN {x} = 0 THEN power({x}, {y}) WHEN {x} < 0 AND {y} <> trunc({y}) THEN {_NAN} "
        f"WHEN {size} > 709.78 THEN {negative} * {_INF} WHEN {size} < -745 THEN 0 ELSE power({x}, {y}) END"
    )


@writes("round")
def _round(args: list[Typed]) -> Typed:
    value = args[0]
    digits = whole_number(args[1]) if len(args) > 1 else 0
    if digits is None:
        raise refuse("round", "the number of decimals must be a literal to be translated")
    if value.family == "integer":
        rounded = f"round(CAST({value.sql} AS numeric), {digits})"
        return cast(Typed(rounded, "DECIMAL(38,0)"), value.type)
    if value.family == "decimal":
        return Typed(f"round({value.sql}, {digits})", value.type)
    return _double(_half_away(value.sql, digits))


def _half_away(x: str, digits: int) -> str:
    """Round a double half away from zero; PostgreSQL rounds half to even."""
    if digits == 0:
        return (
            f"CASE WHEN {x} IN ({_INF}, -{_INF}, {_NAN}) THEN {x} "
            f"WHEN abs({x} - trunc({x})) >= 0.5 THEN trunc({x}) + sign({x}) ELSE trunc({x}) END"
        )
    factor = f"CAST('1e{abs(digits)}' AS double precision)"
    scaled, back = (f"({x} * {factor})", "/") if digits > 0 else (f"({x} / {factor})", "*")
    return (
        f"CASE WHEN {x} IN ({_INF}, -{_INF}, {_NAN}) OR abs({x}) > 1e290 THEN {x} WHEN abs({scaled} - "
        f"trunc({scaled})) >= 0.5 "
        f"THEN (trunc({scaled}) + sign({x})) {back} {factor} ELSE trunc({scaled}) {back} {factor} END"
    )


@writes("mod")
def _mod(args: list[Typed]) -> Typed:
    target = common_type([arg.type for arg in args])
    if target == "DOUBLE":
        raise refuse("mod", "PostgreSQL has no remainder of doubles")
    return Typed(f"mod({args[0].sql}, {args[1].sql})", target)


@writes("sign")
def _sign(args: list[Typed]) -> Typed:
    x = args[0].sql
    isnan = f"WHEN {x} = {_NAN} THEN 0 " if args[0].family == "double" else ""
    return Typed(f"CASE {isnan}WHEN {x} > 0 THEN 1 WHEN {x} < 0 THEN -1 WHEN {x} = 0 THEN 0 END", "TINYINT")


@writes("isnan")
def _isnan(args: list[Typed]) -> Typed:
    return Typed(f"({number(args[0])} = {_NAN})", "BOOLEAN")


@writes("isfinite")
def _isfinite(args: list[Typed]) -> Typed:
    return Typed(f"({number(args[0])} NOT IN ({_NAN}, {_INF}, -{_INF}))", "BOOLEAN")


@writes("xor")
def _xor(args: list[Typed]) -> Typed:
    return Typed(f"({args[0].sql} # {args[1].sql})", common_type([arg.type for arg in args]))


@writes("bit_count")
def _bit_count(args: list[Typed]) -> Typed:
    return Typed(f"CAST(bit_count(CAST(CAST({args[0].sql} AS bigint) AS bit(64))) AS integer)", "INTEGER")


@writes("nullif")
def _nullif(args: list[Typed]) -> Typed:
    left, right = args[0], args[1]
    if left.family not in ("text", "enum", "null") and right.literal is not None:
        right = cast(right, left.type)
    return Typed(f"nullif({left.collated}, {right.collated})", left.type)


@writes("coalesce")
def _coalesce(args: list[Typed]) -> Typed:
    return _choice("coalesce", args)


@writes("greatest")
def _greatest(args: list[Typed]) -> Typed:
    return _choice("greatest", args)


@writes("least")
def _least(args: list[Typed]) -> Typed:
    return _choice("least", args)


def _choice(name: str, args: list[Typed]) -> Typed:
    firm = [arg.type for arg in args if arg.literal is None and arg.type != "NULL"]
    target = common_type(firm or [arg.type for arg in args])
    shown = [arg.collated if arg.type in (target, "NULL") else cast(arg, target).collated for arg in args]
    return Typed(f"{name}({', '.join(shown)})", target)
