"""Aggregates: one value from many rows; all but count and list skip NULL and give NULL over no rows."""

from __future__ import annotations

from sqlglot import exp

from runnel.compiler.dialects.grammar import Tree, call
from runnel.compiler.dialects.types import family
from runnel.compiler.functions.model import Function, Unsupported, fn

_SKIP = "NULLs are skipped; NULL when there are no other rows."
_APPROX = "the estimate depends on the engine's sketch"
_FIRST = "depends on row order; PostgreSQL has no such aggregate"


def _sum(args: tuple[Tree, ...], types: tuple[str, ...]) -> Tree:
    total = call("sum", *args)
    return exp.cast(total, "DECIMAL(38,0)") if family(types[0]) == "integer" else total


def _count_distinct(args: tuple[Tree, ...], _types: tuple[str, ...]) -> Tree:
    return call("count", exp.Distinct(expressions=[args[0]]))


def _exact(types: tuple[str, ...]) -> bool:
    return family(types[0]) != "double"


def _agg(signature: str, summary: str, semantics: str, *examples: tuple[str, str], **options: object) -> Function:
    options.setdefault("nulls", _SKIP)
    return fn(signature, summary, semantics, *examples, kind="aggregate", **options)


FUNCTIONS = (
    _agg(
        "count(value?: any) -> BIGINT",
        "How many rows, or how many values.",
        "count(*) and count() count rows; count(x) counts rows where x is not NULL; count(DISTINCT x) counts "
        "different values.",
        ("count(*)", "4"),
        ("count(x)", "3"),
        ("count(DISTINCT team)", "2"),
        nulls="NULLs are not counted; 0 over no rows.",
    ),
    _agg(
        "count_distinct(value: any) -> BIGINT",
        "How many different values.",
        "The same as count(DISTINCT x).",
        ("count_distinct(team)", "2"),
        build=_count_distinct,
        nulls="NULLs are not counted; 0 over no rows.",
    ),
    _agg(
        "count_if(condition: boolean) -> BIGINT",
        "How many rows meet a condition.",
        "NULL does not count.",
        ("count_if(x > 1)", "2"),
        aliases=("countif",),
        build="count(CASE WHEN :condition THEN 1 END)",
        nulls="NULLs are not counted; 0 over no rows.",
    ),
    _agg(
        "sum(value: number) -> same",
        "The sum.",
        "Integers give DECIMAL(38,0), decimals DECIMAL(38, their scale), doubles DOUBLE.",
        ("sum(x)", "8"),
        build=_sum,
        may_fail=_exact,
    ),
    _agg(
        "avg(value: number) -> DOUBLE", "The mean.", "Always DOUBLE.", ("round(avg(x), 3)", "2.667"), aliases=("mean",)
    ),
    _agg(
        "min(value: any) -> same",
        "The smallest value.",
        "Texts by code point; works for dates and every ordered type.",
        ("min(x)", "1"),
    ),
    _agg(
        "max(value: any) -> same",
        "The largest value.",
        "Texts by code point; NaN is larger than every number.",
        ("max(x)", "4"),
    ),
    _agg(
        "median(value: number) -> DOUBLE",
        "The middle value.",
        "The mean of the two middle values for an even count.",
        ("median(x)", "3.0"),
        build="quantile_cont(CAST(:value AS DOUBLE), 0.5)",
    ),
    _agg(
        "quantile(value: number, share: number) -> DOUBLE",
        "The value below which a share of the values lies.",
        "Interpolated between neighbours; `share` is a literal from 0 to 1.",
        ("quantile(x, 0.5)", "3.0"),
        aliases=("quantile_cont", "percentile_cont"),
        build="quantile_cont(CAST(:value AS DOUBLE), :share)",
        literals=("share",),
    ),
    _agg(
        "quantile_disc(value: any, share: number) -> same",
        "An existing value below which a share of the values lies.",
        "Not interpolated; `share` is a literal from 0 to 1.",
        ("quantile_disc(x, 0.5)", "3"),
        aliases=("percentile_disc",),
        literals=("share",),
    ),
    _agg(
        "stddev(value: number) -> DOUBLE",
        "Standard deviation of a sample.",
        "Divides by n - 1; NULL for fewer than two values.",
        ("round(stddev(x), 3)", "1.528"),
        aliases=("stddev_samp",),
        build="stddev_samp(CAST(:value AS DOUBLE))",
        may_fail=True,
    ),
    _agg(
        "stddev_pop(value: number) -> DOUBLE",
        "Standard deviation of a population.",
        "Divides by n.",
        ("round(stddev_pop(x), 3)", "1.247"),
        build="stddev_pop(CAST(:value AS DOUBLE))",
        may_fail=True,
    ),
    _agg(
        "variance(value: number) -> DOUBLE",
        "Variance of a sample.",
        "Divides by n - 1; NULL for fewer than two values.",
        ("round(variance(x), 3)", "2.333"),
        aliases=("var_samp",),
        build="var_samp(CAST(:value AS DOUBLE))",
        may_fail=True,
    ),
    _agg(
        "var_pop(value: number) -> DOUBLE",
        "Variance of a population.",
        "Divides by n.",
        ("round(var_pop(x), 3)", "1.556"),
        build="var_pop(CAST(:value AS DOUBLE))",
        may_fail=True,
    ),
    _agg(
        "value_range(value: number) -> same",
        "Largest minus smallest value.",
        "0 for a single value.",
        ("value_range(x)", "3"),
        build="max(:value) - min(:value)",
        may_fail=True,
    ),
    _agg(
        "first(value: any) -> same",
        "The value of the first row.",
        "May be NULL; name the order inside: first(x ORDER BY day).",
        ("first(x ORDER BY day)", "1"),
        postgres=Unsupported(_FIRST),
        nulls="NULLs are not skipped.",
    ),
    _agg(
        "last(value: any) -> same",
        "The value of the last row.",
        "May be NULL; name the order inside: last(x ORDER BY day).",
        ("last(x ORDER BY day)", "4"),
        postgres=Unsupported(_FIRST),
        nulls="NULLs are not skipped.",
    ),
    _agg(
        "any_value(value: any) -> same",
        "Some value that is not NULL.",
        "Which one is not promised; the first met.",
        ("any_value(team ORDER BY day)", "'a'"),
        postgres=Unsupported("PostgreSQL 15 has no such aggregate"),
    ),
    _agg(
        "mode(value: any) -> same",
        "The most frequent value.",
        "The first met among equals.",
        ("mode(team)", "'a'"),
        postgres=Unsupported("picks another value among equals"),
    ),
    _agg(
        "string_agg(value: text, separator: text = ',') -> VARCHAR",
        "Texts joined.",
        "Name the order inside: string_agg(name, ', ' ORDER BY name).",
        ("string_agg(team, '-' ORDER BY day)", "'a-a-b-b'"),
        aliases=("group_concat", "listagg"),
        build="string_agg(:value, :separator)",
        literals=("separator",),
    ),
    _agg(
        "list(value: any) -> list",
        "The values as a list.",
        "NULLs are kept; name the order inside: list(x ORDER BY day).",
        ("list(x ORDER BY day)", "[1, 3, NULL, 4]"),
        aliases=("array_agg",),
        nulls="NULLs are kept; NULL over no rows.",
    ),
    _agg(
        "bool_and(condition: boolean) -> BOOLEAN",
        "Whether a condition holds in all rows.",
        "NULLs are skipped.",
        ("bool_and(x > 0)", "TRUE"),
        aliases=("every", "all_true"),
    ),
    _agg(
        "bool_or(condition: boolean) -> BOOLEAN",
        "Whether a condition holds in some row.",
        "NULLs are skipped.",
        ("bool_or(x > 3)", "TRUE"),
        aliases=("any_true",),
    ),
    _agg(
        "min_by(value: any, by: any) -> same",
        "The value of the row where another value is smallest.",
        "Rows where `by` is NULL are skipped; the first met among equals.",
        ("min_by(team, x)", "'a'"),
        aliases=("arg_min",),
        postgres=Unsupported("picks another row among equals"),
    ),
    _agg(
        "max_by(value: any, by: any) -> same",
        "The value of the row where another value is largest.",
        "Rows where `by` is NULL are skipped; the first met among equals.",
        ("max_by(team, x)", "'b'"),
        aliases=("arg_max",),
        postgres=Unsupported("picks another row among equals"),
    ),
    _agg(
        "corr(y: number, x: number) -> DOUBLE",
        "Pearson correlation, -1 to 1.",
        "Over rows where both are known; NaN or NULL without variation.",
        ("round(corr(x, x * 2), 6)", "1.0"),
        build="corr(CAST(:y AS DOUBLE), CAST(:x AS DOUBLE))",
        may_fail=True,
        postgres=Unsupported("gives NULL where DuckDB gives NaN"),
    ),
    _agg(
        "covar_samp(y: number, x: number) -> DOUBLE",
        "Covariance of a sample.",
        "Divides by n - 1.",
        ("round(covar_samp(x, x), 3)", "2.333"),
        build="covar_samp(CAST(:y AS DOUBLE), CAST(:x AS DOUBLE))",
        may_fail=True,
    ),
    _agg(
        "covar_pop(y: number, x: number) -> DOUBLE",
        "Covariance of a population.",
        "Divides by n.",
        ("round(covar_pop(x, x), 3)", "1.556"),
        build="covar_pop(CAST(:y AS DOUBLE), CAST(:x AS DOUBLE))",
        may_fail=True,
    ),
    _agg(
        "regr_slope(y: number, x: number) -> DOUBLE",
        "Slope of the line of least squares.",
        "Over rows where both are known; NULL for fewer than two different x.",
        ("round(regr_slope(x, x * 2), 6)", "0.5"),
        build="regr_slope(CAST(:y AS DOUBLE), CAST(:x AS DOUBLE))",
        may_fail=True,
        postgres=Unsupported("gives NULL where DuckDB gives NaN"),
    ),
    _agg(
        "approx_count_distinct(value: any) -> BIGINT",
        "About how many different values.",
        "HyperLogLog, a few percent off; cheap over many rows.",
        ("approx_count_distinct(team)", "2"),
        postgres=Unsupported(_APPROX),
        nulls="NULLs are not counted; 0 over no rows.",
    ),
    _agg(
        "approx_quantile(value: number, share: number) -> same",
        "About the value below which a share lies.",
        "T-digest; `share` is a literal.",
        ("approx_quantile(x, 0.5) BETWEEN 1 AND 4", "TRUE"),
        literals=("share",),
        postgres=Unsupported(_APPROX),
    ),
    _agg(
        "product(value: number) -> DOUBLE",
        "The product.",
        "Always DOUBLE.",
        ("product(x)", "12.0"),
        build="product(CAST(:value AS DOUBLE))",
        postgres=Unsupported("PostgreSQL has no such aggregate"),
    ),
    _agg(
        "geometric_mean(value: number) -> DOUBLE",
        "The n-th root of the product.",
        "exp of the mean logarithm; 0 when a value is 0, NaN for negative ones.",
        ("round(geometric_mean(x), 3)", "2.289"),
        aliases=("geomean",),
        build="exp(avg(ln(CAST(:value AS DOUBLE))))",
    ),
    _agg(
        "weighted_avg(value: number, weight: number) -> DOUBLE",
        "The mean with weights.",
        "Rows where value or weight is NULL are skipped; NULL when the weights add up to 0.",
        ("round(weighted_avg(x, x), 3)", "3.25"),
        build="sum(CAST(:value AS DOUBLE) * CAST(:weight AS DOUBLE)) / nullif(sum(CASE WHEN (:value) IS NULL THEN "
        "NULL ELSE CAST(:weight AS DOUBLE) END), 0)",
    ),
    _agg("bit_and(value: integer) -> same", "Bits set in all values.", "NULLs are skipped.", ("bit_and(x)", "0")),
    _agg("bit_or(value: integer) -> same", "Bits set in some value.", "NULLs are skipped.", ("bit_or(x)", "7")),
    _agg(
        "skewness(value: number) -> DOUBLE",
        "Skewness.",
        "Of a sample; NULL for fewer than three values.",
        ("round(skewness(x), 3)", "-0.935"),
        build="skewness(CAST(:value AS DOUBLE))",
        may_fail=True,
        postgres=Unsupported("PostgreSQL has no such aggregate"),
    ),
    _agg(
        "kurtosis(value: number) -> DOUBLE",
        "Excess kurtosis.",
        "Of a sample; NULL for fewer than four values.",
        ("kurtosis(x)", "NULL"),
        build="kurtosis(CAST(:value AS DOUBLE))",
        may_fail=True,
        postgres=Unsupported("PostgreSQL has no such aggregate"),
    ),
    _agg(
        "entropy(value: any) -> DOUBLE",
        "Shannon entropy in bits.",
        "Of the distribution of values; 0 over no rows.",
        ("entropy(team)", "1.0"),
        postgres=Unsupported("PostgreSQL has no such aggregate"),
        nulls="NULLs are skipped; 0 over no rows.",
    ),
)
