"""From one type to another, failing or giving NULL."""

from __future__ import annotations

from sqlglot import exp

from runnel.compiler.dialects.grammar import Tree
from runnel.compiler.functions.model import Builder, Function, Unsupported, fn

_NO_TRY = "text is read otherwise there, and no cast of PostgreSQL 15 gives NULL where it fails"


def _cast(target: str, safe: bool) -> Builder:
    def build(args: tuple[Tree, ...], _types: tuple[str, ...]) -> Tree:
        kind = target
        if len(args) == 3:
            kind = f"DECIMAL({args[1].name},{args[2].name})"
        made = exp.DataType.build(kind, dialect="duckdb")
        return exp.TryCast(this=args[0], to=made) if safe else exp.Cast(this=args[0], to=made)

    return build


def _pair(
    word: str, target: str, what: str, rules: str, good: tuple[str, str], bad: str, try_postgres: str | None = _NO_TRY
) -> tuple[Function, Function]:
    digits = ", digits: integer = 18, decimals: integer = 2" if target == "DECIMAL" else ""
    returns = "DECIMAL(18,2)" if target == "DECIMAL" else target
    return (
        fn(
            f"to_{word}(value: any{digits}) -> {returns}",
            f"A value as {what}.",
            rules + " Fails for what does not fit.",
            (f"to_{word}({good[0]})", good[1]),
            build=_cast(target, False),
            may_fail=True,
            literals=("digits", "decimals"),
        ),
        fn(
            f"try_to_{word}(value: any{digits}) -> {returns}",
            f"A value as {what}, else NULL.",
            rules + " NULL for what does not fit.",
            (f"try_to_{word}({bad})", "NULL"),
            build=_cast(target, True),
            literals=("digits", "decimals"),
            nulls="NULL for NULL and for what does not fit.",
            postgres="same" if try_postgres is None else Unsupported(try_postgres),
        ),
    )


FUNCTIONS = (
    fn(
        "to_text(value: any) -> VARCHAR",
        "A value as text.",
        "Doubles with the fewest digits that read back the same ('1.0', '1e+20'), booleans 'true' and 'false', "
        "timestamps '2025-01-31 00:00:00', with zone '+00' at the end.",
        ("to_text(1.50)", "'1.50'"),
        ("to_text(TRUE)", "'true'"),
        ("to_text(DATE '2025-01-31')", "'2025-01-31'"),
        aliases=("to_string", "text"),
        build=_cast("VARCHAR", False),
    ),
    *_pair(
        "integer",
        "BIGINT",
        "an integer (BIGINT)",
        "Text may have blanks around, a sign, a fraction or exponent; fractions are rounded, ties of doubles to "
        "even, of decimals and texts away from zero.",
        ("'42'", "42"),
        "'4x'",
        try_postgres=None,
    ),
    *_pair(
        "number",
        "DOUBLE",
        "a floating-point number (DOUBLE)",
        "Text may have blanks around, sign, decimal point, exponent, 'nan', 'inf'; no thousands separators.",
        ("'1.5'", "1.5"),
        "'1,5'",
        try_postgres=None,
    ),
    *_pair(
        "decimal",
        "DECIMAL",
        "an exact decimal (DECIMAL)",
        "`digits` in all and `decimals` after the point are literals; rounded half away from zero.",
        ("'1.005'", "1.01"),
        "'x'",
    ),
    *_pair(
        "boolean",
        "BOOLEAN",
        "a boolean",
        "Texts true, t, 1, yes, y and false, f, 0, no, n in any case; numbers but 0 are true.",
        ("'yes'", "TRUE"),
        "'maybe'",
        try_postgres=None,
    ),
    *_pair(
        "date",
        "DATE",
        "a date",
        "Text in ISO form, 2025-01-31; a timestamp loses its time.",
        ("'2025-01-31'", "DATE '2025-01-31'"),
        "'2025-02-30'",
    ),
    *_pair(
        "timestamp",
        "TIMESTAMP",
        "a timestamp without zone",
        "Text in ISO form; a zone in the text is dropped, a date is its midnight.",
        ("'2025-01-31 10:00:00'", "TIMESTAMP '2025-01-31 10:00:00'"),
        "'soon'",
    ),
    *_pair(
        "timestamptz",
        "TIMESTAMP WITH TIME ZONE",
        "a timestamp with time zone",
        "Text in ISO form; without an offset it is taken as UTC.",
        ("'2025-01-31 10:00:00+02'", "TIMESTAMPTZ '2025-01-31 08:00:00+00'"),
        "'soon'",
    ),
    fn(
        "parse_number(text: text, decimal_sign: text = '.') -> DOUBLE",
        "A number read from text with units and separators.",
        "Keeps digits, sign, exponent-free decimal sign; '1.234,50 €' with decimal sign ',' is 1234.5; NULL when "
        "nothing sensible is left.",
        ("parse_number('$1,234.50')", "1234.5"),
        ("parse_number('1.234,50 €', ',')", "1234.5"),
        ("parse_number('n/a')", "NULL"),
        nulls="NULL for NULL and for text without a number.",
        build="TRY_CAST(replace(regexp_replace(:text, CASE WHEN :decimal_sign = ',' THEN '[^0-9,-]+' ELSE "
        "'[^0-9.-]+' END, '', 'g'), ',', '.') AS DOUBLE)",
        postgres=Unsupported(_NO_TRY),
    ),
)
