"""Numbers: rounding, powers, logarithms, trigonometry, remainders and bits."""

from __future__ import annotations

from sqlglot import exp

from runnel.compiler.dialects.grammar import Tree, call
from runnel.compiler.dialects.types import family
from runnel.compiler.functions.model import Builder, Unsupported, fn


def _double(name: str) -> Builder:
    """Build a call over a DOUBLE, so that the result is DOUBLE whatever number comes in."""

    def build(args: tuple[Tree, ...], types: tuple[str, ...]) -> Tree:
        wide = (arg if kind == "DOUBLE" else exp.cast(arg, "DOUBLE") for arg, kind in zip(args, types, strict=True))
        return call(name, *wide)

    return build


def _exact(types: tuple[str, ...]) -> bool:
    return any(family(kind) in ("integer", "decimal") for kind in types)


def _exact_value(types: tuple[str, ...]) -> bool:
    return _exact(types[:1])


def _rounding(types: tuple[str, ...]) -> bool:
    return _exact_value(types) or types[1:] not in ((), ("INTEGER",))


def _round(args: tuple[Tree, ...], types: tuple[str, ...]) -> Tree:
    """Build the call with as many decimals as the engine counts (32 bits)."""
    decimals = (
        arg if kind == "INTEGER" else exp.cast(arg, "INTEGER") for arg, kind in zip(args[1:], types[1:], strict=True)
    )
    return call("round", args[0], *decimals)


def _same_when_integer(name: str) -> Builder:
    """Build a rounding that leaves integers alone (DuckDB would make them DOUBLE)."""

    def build(args: tuple[Tree, ...], types: tuple[str, ...]) -> Tree:
        return args[0] if family(types[0]) == "integer" and len(args) == 1 else call(name, *args)

    return build


def _significant(args: tuple[Tree, ...], types: tuple[str, ...]) -> Tree:
    """Build the shortest number of so many digits; exact types have no noise behind their digits and stay."""
    known = exp.Or(
        this=exp.Is(this=exp.Paren(this=args[0].copy()), expression=exp.Null()),
        expression=exp.Is(this=exp.Paren(this=args[1].copy()), expression=exp.Null()),
    )
    if _exact_value(types):
        return exp.Case(ifs=[exp.If(this=known, true=exp.Null())], default=args[0])
    digits = call("least", call("greatest", exp.cast(args[1], "BIGINT"), exp.convert(1)), exp.convert(17))
    pattern = call("concat", exp.convert("{:."), digits, exp.convert("g}"))
    text = call("format", pattern, exp.cast(args[0], "DOUBLE"))
    return exp.Case(ifs=[exp.If(this=known, true=exp.Null())], default=exp.cast(text, "DOUBLE"))


def _safe_divide(args: tuple[Tree, ...], _types: tuple[str, ...]) -> Tree:
    value, divisor = args[0], args[1]
    quotient = exp.Div(
        this=exp.cast(value, "DOUBLE"), expression=call("nullif", exp.cast(divisor, "DOUBLE"), exp.Literal.number(0))
    )
    if len(args) < 3:
        return quotient
    zero = exp.EQ(this=exp.cast(divisor.copy(), "DOUBLE"), expression=exp.Literal.number(0))
    known = exp.And(
        this=zero, expression=exp.Not(this=exp.Is(this=exp.Paren(this=value.copy()), expression=exp.Null()))
    )
    return exp.Case(ifs=[exp.If(this=known, true=exp.cast(args[2], "DOUBLE"))], default=quotient)


FUNCTIONS = (
    fn(
        "abs(value: number) -> same",
        "The value without its sign.",
        "The type is kept; fails for the smallest integer of a type, which has no positive partner.",
        ("abs(-5)", "5"),
        ("abs(-1.5)", "1.5"),
        may_fail=_exact,
    ),
    fn(
        "ceil(value: number) -> same",
        "The next whole number up.",
        "Toward plus infinity: ceil(-1.5) is -1; integers stay, decimals lose their fraction, doubles stay doubles.",
        ("ceil(1.2)", "2"),
        ("ceil(-1.5)", "-1"),
        aliases=("ceiling",),
        build=_same_when_integer("ceil"),
    ),
    fn(
        "floor(value: number) -> same",
        "The next whole number down.",
        "Toward minus infinity: floor(-1.5) is -2; integers stay, decimals lose their fraction, doubles stay doubles.",
        ("floor(1.8)", "1"),
        ("floor(-1.5)", "-2"),
        build=_same_when_integer("floor"),
    ),
    fn(
        "round(value: number, decimals?: integer) -> same",
        "Rounded to a number of decimals.",
        "Half away from zero: round(2.5) is 3, round(-2.5) is -3; negative `decimals` round to tens, hundreds. A "
        "double is rounded by its binary value, so "
        "CAST(1.005 AS DOUBLE) gives 1.0 where the decimal 1.005 gives 1.01.",
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(2.345, 2)", "2.35"),
        ("round(1250, -2)", "1300"),
        build=_round,
        may_fail=_rounding,
    ),
    fn(
        "significant(value: number, digits: integer = 15) -> same",
        "A double without the noise behind its significant digits.",
        "Rounded to 1 to 17 significant decimal digits: 3 * 9.99 as doubles is 29.970000000000002, with 15 digits "
        "29.97. Integers and decimals stay as they are; NaN and infinities too.",
        ("significant(CAST(3 AS DOUBLE) * CAST(9.99 AS DOUBLE))", "29.97"),
        ("significant(CAST(1234.5678 AS DOUBLE), 3)", "1230.0"),
        ("significant(12345, 2)", "12345"),
        build=_significant,
    ),
    fn(
        "round_even(value: number, decimals: integer = 0) -> DOUBLE",
        "Rounded, ties to the even digit.",
        "Banker's rounding: 2.5 gives 2, 3.5 gives 4.",
        ("round_even(2.5)", "2.0"),
        ("round_even(3.5)", "4.0"),
        build="round_even(CAST(:value AS DOUBLE), CAST(:decimals AS INTEGER))",
        postgres=Unsupported("PostgreSQL rounds doubles to a number of decimals only through NUMERIC"),
    ),
    fn(
        "trunc(value: number) -> same",
        "The whole part.",
        "Toward zero: trunc(-1.8) is -1.",
        ("trunc(-1.8)", "-1"),
        build=_same_when_integer("trunc"),
    ),
    fn(
        "sqrt(value: number) -> DOUBLE",
        "Square root.",
        "NaN for negative numbers.",
        ("sqrt(9)", "3.0"),
        build=_double("sqrt"),
    ),
    fn(
        "cbrt(value: number) -> DOUBLE",
        "Cube root.",
        "Defined for negative numbers too.",
        ("cbrt(-8)", "-2.0"),
        build=_double("cbrt"),
    ),
    fn(
        "power(value: number, exponent: number) -> DOUBLE",
        "A number raised to a power.",
        "0 to a negative power is infinity, a negative number to a fraction NaN; too large is infinity.",
        ("power(2, 10)", "1024.0"),
        aliases=("pow",),
        build=_double("power"),
    ),
    fn(
        "exp(value: number) -> DOUBLE",
        "e raised to a power.",
        "Too large is infinity.",
        ("exp(0)", "1.0"),
        build=_double("exp"),
    ),
    fn(
        "ln(value: number) -> DOUBLE",
        "Natural logarithm.",
        "-infinity for 0, NaN for negative numbers.",
        ("ln(1)", "0.0"),
        build=_double("ln"),
    ),
    fn(
        "log10(value: number) -> DOUBLE",
        "Logarithm to base 10.",
        "-infinity for 0, NaN for negative numbers.",
        ("log10(1000)", "3.0"),
        aliases=("log",),
        build=_double("log10"),
    ),
    fn(
        "log2(value: number) -> DOUBLE",
        "Logarithm to base 2.",
        "-infinity for 0, NaN for negative numbers.",
        ("log2(8)", "3.0"),
        build=_double("log2"),
    ),
    fn(
        "mod(value: number, divisor: number) -> same",
        "The remainder of a division.",
        "Has the sign of `value`: mod(-5, 3) is -2; NULL for divisor 0, the same as the operator %.",
        ("mod(7, 3)", "1"),
        ("mod(-5, 3)", "-2"),
        ("mod(1, 0)", "NULL"),
        build="mod(:value, nullif(:divisor, 0))",
        nulls="NULL when an argument is NULL or the divisor is 0.",
    ),
    fn(
        "sign(value: number) -> INTEGER",
        "-1, 0 or 1 by the sign.",
        "0 for 0 and for NaN.",
        ("sign(-3.5)", "-1"),
        build="CAST(sign(:value) AS INTEGER)",
    ),
    fn(
        "gcd(a: integer, b: integer) -> BIGINT",
        "Greatest common divisor.",
        "Never negative; gcd(0, 0) is 0.",
        ("gcd(12, 18)", "6"),
        build="gcd(CAST(:a AS BIGINT), CAST(:b AS BIGINT))",
        may_fail=True,
    ),
    fn(
        "lcm(a: integer, b: integer) -> BIGINT",
        "Least common multiple.",
        "Never negative; 0 when one is 0; fails beyond 64 bits.",
        ("lcm(4, 6)", "12"),
        build="lcm(CAST(:a AS BIGINT), CAST(:b AS BIGINT))",
        may_fail=True,
    ),
    fn(
        "factorial(value: integer) -> DECIMAL(38,0)",
        "Product of 1 to n.",
        "1 for 0 and negative numbers; fails beyond 33.",
        ("factorial(5)", "120"),
        build="CAST(factorial(CAST(:value AS INTEGER)) AS DECIMAL(38,0))",
        may_fail=True,
        postgres=Unsupported("fails for negative numbers there"),
    ),
    fn(
        "clamp(value: number, low: number, high: number) -> same",
        "The value, kept within two limits.",
        "`low` wins when the limits cross.",
        ("clamp(15, 0, 10)", "10"),
        ("clamp(-1, 0, 10)", "0"),
        build="CASE WHEN :value IS NULL OR :low IS NULL OR :high IS NULL THEN NULL ELSE greatest(least(:value, "
        ":high), :low) END",
    ),
    fn(
        "width_bucket(value: number, low: number, high: number, buckets: integer) -> BIGINT",
        "The number of the equal-width bucket that holds a value.",
        "1 to `buckets` between low (inclusive) and high (exclusive), 0 below, buckets + 1 above and for NaN; NULL "
        "when low equals high.",
        ("width_bucket(5, 0, 10, 5)", "3"),
        ("width_bucket(-1, 0, 10, 5)", "0"),
        ("width_bucket(10, 0, 10, 5)", "6"),
        build="CASE WHEN :low IS NULL OR :high IS NULL THEN NULL WHEN CAST(:value AS DOUBLE) < :low THEN 0 WHEN "
        "CAST(:value AS DOUBLE) >= :high THEN "
        "CAST(:buckets AS BIGINT) + 1 "
        "ELSE CAST(floor((CAST(:value AS DOUBLE) - :low) / nullif(CAST(:high AS DOUBLE) - :low, 0) * :buckets) AS "
        "BIGINT) + 1 END",
        may_fail=True,
    ),
    fn(
        "safe_divide(value: number, divisor: number, otherwise?: number) -> DOUBLE",
        "A division with an own answer for divisor 0.",
        "Without `otherwise` NULL for divisor 0, like `/`.",
        ("safe_divide(6, 4)", "1.5"),
        ("safe_divide(1, 0)", "NULL"),
        ("safe_divide(1, 0, 0)", "0.0"),
        build=_safe_divide,
        nulls="NULL when `value` or `divisor` is NULL.",
    ),
    fn(
        "percent_of(part: number, whole: number) -> DOUBLE",
        "How many percent of a whole a part is.",
        "NULL when the whole is 0.",
        ("percent_of(1, 4)", "25.0"),
        build="100.0 * CAST(:part AS DOUBLE) / nullif(CAST(:whole AS DOUBLE), 0)",
    ),
    fn(
        "is_nan(value: number) -> BOOLEAN",
        "Whether a number is NaN.",
        "FALSE for every integer and decimal.",
        ("is_nan(sqrt(-1))", "TRUE"),
        aliases=("isnan",),
        build="isnan(CAST(:value AS DOUBLE))",
    ),
    fn(
        "is_finite(value: number) -> BOOLEAN",
        "Whether a number is neither NaN nor infinite.",
        "TRUE for every integer and decimal.",
        ("is_finite(exp(1000))", "FALSE"),
        aliases=("isfinite",),
        build="isfinite(CAST(:value AS DOUBLE))",
    ),
    fn(
        "is_even(value: integer) -> BOOLEAN",
        "Whether an integer is even.",
        "Also for negative numbers.",
        ("is_even(-2)", "TRUE"),
        build=":value % 2 = 0",
    ),
    fn(
        "is_odd(value: integer) -> BOOLEAN",
        "Whether an integer is odd.",
        "Also for negative numbers.",
        ("is_odd(-3)", "TRUE"),
        build=":value % 2 <> 0",
    ),
    fn("pi() -> DOUBLE", "The circle's number.", "3.141592653589793.", ("round(pi(), 5)", "3.14159")),
    fn(
        "radians(degrees: number) -> DOUBLE",
        "Degrees in radians.",
        "Multiplies by pi / 180.",
        ("round(radians(180), 5)", "3.14159"),
        build=_double("radians"),
    ),
    fn(
        "degrees(radians: number) -> DOUBLE",
        "Radians in degrees.",
        "Multiplies by 180 / pi.",
        ("round(degrees(pi()), 5)", "180.0"),
        build=_double("degrees"),
    ),
    *(
        fn(
            f"{name}(value: number) -> DOUBLE",
            f"{title}.",
            f"Angles in radians; {edge}.",
            (f"round({name}({at}), 6)", result),
            build=_double(name),
            may_fail=fails,
            postgres="same" if good is None else Unsupported(good),
        )
        for name, title, edge, at, result, fails, good in (
            ("sin", "Sine", "fails for infinities", "0", "0.0", True, None),
            ("cos", "Cosine", "fails for infinities", "0", "1.0", True, None),
            ("tan", "Tangent", "fails for infinities", "0", "0.0", True, None),
            ("asin", "Arc sine", "fails outside -1 to 1", "1", "1.570796", True, None),
            ("acos", "Arc cosine", "fails outside -1 to 1", "1", "0.0", True, None),
            ("atan", "Arc tangent", "between -pi/2 and pi/2", "1", "0.785398", False, None),
            ("sinh", "Hyperbolic sine", "too large is infinity", "0", "0.0", False, None),
            ("cosh", "Hyperbolic cosine", "too large is infinity", "0", "1.0", False, None),
            ("tanh", "Hyperbolic tangent", "between -1 and 1", "0", "0.0", False, None),
        )
    ),
    fn(
        "atan2(y: number, x: number) -> DOUBLE",
        "The angle of the point (x, y).",
        "In radians, between -pi and pi.",
        ("round(atan2(1, 1), 6)", "0.785398"),
        build=_double("atan2"),
    ),
    fn(
        "bit_and_of(a: integer, b: integer) -> same",
        "Bits set in both.",
        "The same as the operator &.",
        ("bit_and_of(12, 10)", "8"),
        build=":a & :b",
    ),
    fn(
        "bit_or_of(a: integer, b: integer) -> same",
        "Bits set in one of both.",
        "The same as the operator |.",
        ("bit_or_of(12, 10)", "14"),
        build=":a | :b",
    ),
    fn(
        "bit_xor_of(a: integer, b: integer) -> same",
        "Bits set in exactly one.",
        "Exclusive or.",
        ("bit_xor_of(12, 10)", "6"),
        build="xor(:a, :b)",
    ),
    fn(
        "bit_count(value: integer) -> INTEGER",
        "How many bits are set.",
        "Of the value as a 64-bit integer: 64 for -1.",
        ("bit_count(7)", "3"),
        build="CAST(bit_count(CAST(:value AS BIGINT)) AS INTEGER)",
        may_fail=True,
    ),
    fn(
        "distance_km(lat1: number, lon1: number, lat2: number, lon2: number) -> DOUBLE",
        "Great-circle distance between two places in kilometres.",
        "Haversine formula on a sphere of radius 6371.0088 km; degrees north and east. Source: R. W. Sinnott, Sky "
        "and Telescope 68 (1984).",
        ("round(distance_km(52.52, 13.405, 48.8566, 2.3522))", "877.0"),
        may_fail=True,
        build="CASE WHEN :lat1 IS NULL OR :lon1 IS NULL OR :lat2 IS NULL OR :lon2 IS NULL THEN NULL ELSE "
        "2 * 6371.0088 * asin(least(1e0, sqrt(power(sin(radians(CAST(:lat2 AS DOUBLE) - CAST(:lat1 AS DOUBLE)) "
        "/ 2), 2) + cos(radians(CAST(:lat1 AS DOUBLE))) "
        "* cos(radians(CAST(:lat2 AS DOUBLE))) * power(sin(radians(CAST(:lon2 AS DOUBLE) - CAST(:lon1 AS DOUBLE)) / "
        "2), 2)))) END",
    ),
)
