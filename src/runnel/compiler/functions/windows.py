"""Window functions: one value per row, looking at its neighbours through OVER (…)."""

from __future__ import annotations

from runnel.compiler.functions.model import Function, Unsupported, fn

_OVER = "Needs OVER (PARTITION BY … ORDER BY …). "


def _win(signature: str, summary: str, semantics: str, *examples: tuple[str, str], **options: object) -> Function:
    options.setdefault("nulls", "Never NULL.")
    return fn(signature, summary, _OVER + semantics, *examples, kind="window", **options)


_PREVIOUS = "NULL where there is no such row or its value is NULL."

FUNCTIONS = (
    _win(
        "row_number() -> BIGINT",
        "The number of the row.",
        "From 1, in the order of the window.",
        ("row_number() OVER (ORDER BY day)", "[1, 2, 3, 4]"),
    ),
    _win(
        "rank() -> BIGINT",
        "The rank, with gaps after equals.",
        "Equal rows share the smallest number.",
        ("rank() OVER (ORDER BY team)", "[1, 1, 3, 3]"),
    ),
    _win(
        "dense_rank() -> BIGINT",
        "The rank, without gaps.",
        "Equal rows share a number, the next one follows at once.",
        ("dense_rank() OVER (ORDER BY team)", "[1, 1, 2, 2]"),
    ),
    _win(
        "percent_rank() -> DOUBLE",
        "The rank as a share from 0 to 1.",
        "(rank - 1) / (rows - 1); 0 for a single row.",
        ("percent_rank() OVER (ORDER BY team)", "[0.0, 0.0, 0.6666666666666666, 0.6666666666666666]"),
    ),
    _win(
        "cume_dist() -> DOUBLE",
        "The share of rows up to this one.",
        "Equal rows included.",
        ("cume_dist() OVER (ORDER BY team)", "[0.5, 0.5, 1.0, 1.0]"),
    ),
    _win(
        "ntile(buckets: integer) -> BIGINT",
        "The number of the equally filled bucket.",
        "From 1; earlier buckets take the extra rows; fails for fewer than one bucket.",
        ("ntile(2) OVER (ORDER BY day)", "[1, 1, 2, 2]"),
        may_fail=True,
    ),
    _win(
        "lag(value: any, offset: integer = 1, otherwise?: any) -> same",
        "The value of an earlier row.",
        "`otherwise` where there is none; IGNORE NULLS looks further back for a known value.",
        ("lag(x) OVER (ORDER BY day)", "[NULL, 1, 3, NULL]"),
        nulls=_PREVIOUS,
    ),
    _win(
        "lead(value: any, offset: integer = 1, otherwise?: any) -> same",
        "The value of a later row.",
        "`otherwise` where there is none; IGNORE NULLS looks further on for a known value.",
        ("lead(x) OVER (ORDER BY day)", "[3, NULL, 4, NULL]"),
        nulls=_PREVIOUS,
    ),
    _win(
        "first_value(value: any) -> same",
        "The value of the frame's first row.",
        "The frame ends at the current row unless it says otherwise.",
        ("first_value(x) OVER (ORDER BY day)", "[1, 1, 1, 1]"),
        nulls=_PREVIOUS,
    ),
    _win(
        "last_value(value: any) -> same",
        "The value of the frame's last row.",
        "The frame ends at the current row (and its equals) unless it says otherwise; IGNORE NULLS fills gaps with "
        "the last known value.",
        ("last_value(x) OVER (ORDER BY day)", "[1, 3, NULL, 4]"),
        ("last_value(x IGNORE NULLS) OVER (ORDER BY day)", "[1, 3, 3, 4]"),
        nulls=_PREVIOUS,
    ),
    _win(
        "nth_value(value: any, n: integer) -> same",
        "The value of the frame's n-th row.",
        "From 1; NULL where the frame is shorter.",
        ("nth_value(x, 2) OVER (ORDER BY day)", "[NULL, 3, 3, 3]"),
        nulls=_PREVIOUS,
    ),
    _win(
        "running_sum(value: number) -> same",
        "The sum up to this row.",
        "Frame: from the first row to this one.",
        ("running_sum(x) OVER (ORDER BY day)", "[1, 4, 4, 8]"),
        build="sum(:value)",
        frame="ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        may_fail=True,
        nulls="NULLs are skipped; NULL until the first value.",
    ),
    _win(
        "running_avg(value: number) -> DOUBLE",
        "The mean up to this row.",
        "Frame: from the first row to this one.",
        ("running_avg(x) OVER (ORDER BY day)", "[1.0, 2.0, 2.0, 2.6666666666666665]"),
        build="avg(:value)",
        frame="ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        nulls="NULLs are skipped; NULL until the first value.",
    ),
    _win(
        "running_count(value: any) -> BIGINT",
        "How many values up to this row.",
        "Frame: from the first row to this one.",
        ("running_count(x) OVER (ORDER BY day)", "[1, 2, 2, 3]"),
        build="count(:value)",
        frame="ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        nulls="NULLs are not counted; never NULL.",
    ),
    _win(
        "running_max(value: any) -> same",
        "The largest value up to this row.",
        "Frame: from the first row to this one.",
        ("running_max(x) OVER (ORDER BY day)", "[1, 3, 3, 4]"),
        build="max(:value)",
        frame="ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        nulls="NULLs are skipped.",
    ),
    _win(
        "running_min(value: any) -> same",
        "The smallest value up to this row.",
        "Frame: from the first row to this one.",
        ("running_min(x) OVER (ORDER BY day)", "[1, 1, 1, 1]"),
        build="min(:value)",
        frame="ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        nulls="NULLs are skipped.",
    ),
    _win(
        "moving_avg(value: number, rows: integer) -> DOUBLE",
        "The mean of this row and the ones before it.",
        "`rows` is a literal: 3 means this row and two before; fewer at the beginning.",
        ("moving_avg(x, 2) OVER (ORDER BY day)", "[1.0, 2.0, 3.0, 4.0]"),
        build="avg(:value)",
        frame="ROWS BETWEEN :rows PRECEDING AND CURRENT ROW",
        literals=("rows",),
        nulls="NULLs are skipped.",
    ),
    _win(
        "moving_sum(value: number, rows: integer) -> same",
        "The sum of this row and the ones before it.",
        "`rows` is a literal: 3 means this row and two before; fewer at the beginning.",
        ("moving_sum(x, 2) OVER (ORDER BY day)", "[1, 4, 3, 4]"),
        build="sum(:value)",
        frame="ROWS BETWEEN :rows PRECEDING AND CURRENT ROW",
        literals=("rows",),
        nulls="NULLs are skipped.",
        may_fail=True,
    ),
    _win(
        "moving_min(value: any, rows: integer) -> same",
        "The smallest value of this row and the ones before it.",
        "`rows` is a literal.",
        ("moving_min(x, 2) OVER (ORDER BY day)", "[1, 1, 3, 4]"),
        build="min(:value)",
        frame="ROWS BETWEEN :rows PRECEDING AND CURRENT ROW",
        literals=("rows",),
        nulls="NULLs are skipped.",
    ),
    _win(
        "moving_max(value: any, rows: integer) -> same",
        "The largest value of this row and the ones before it.",
        "`rows` is a literal.",
        ("moving_max(x, 2) OVER (ORDER BY day)", "[1, 3, 3, 4]"),
        build="max(:value)",
        frame="ROWS BETWEEN :rows PRECEDING AND CURRENT ROW",
        literals=("rows",),
        nulls="NULLs are skipped.",
    ),
    _win(
        "change(value: number) -> same",
        "This row's value minus the one before.",
        "In the order of the window.",
        ("change(x) OVER (ORDER BY day)", "[NULL, 2, NULL, NULL]"),
        build="(:value) - lag(:value)",
        may_fail=True,
        nulls="NULL in the first row and next to a NULL.",
    ),
    _win(
        "percent_change(value: number) -> DOUBLE",
        "By how many percent the value changed since the row before.",
        "NULL when the earlier value is 0.",
        ("percent_change(x) OVER (ORDER BY day)", "[NULL, 200.0, NULL, NULL]"),
        build="100.0 * (CAST(:value AS DOUBLE) - lag(CAST(:value AS DOUBLE))) / nullif(lag(CAST(:value AS DOUBLE)), 0)",
        nulls="NULL in the first row and next to a NULL.",
    ),
    _win(
        "share_of_total(value: number) -> DOUBLE",
        "The value as a share of the partition's sum.",
        "Without ORDER BY; NULL when the sum is 0.",
        ("round(share_of_total(x) OVER (), 3)", "[0.125, 0.375, NULL, 0.5]"),
        build="CAST(:value AS DOUBLE) / nullif(sum(CAST(:value AS DOUBLE)), 0)",
        frame="ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
        nulls="NULL for NULL.",
    ),
    _win(
        "fill_forward(value: any) -> same",
        "The value, or the last known one before it.",
        "Looks back over all earlier rows of the partition.",
        ("fill_forward(x) OVER (ORDER BY day)", "[1, 3, 3, 4]"),
        build="last_value(:value IGNORE NULLS)",
        postgres=Unsupported("PostgreSQL has no IGNORE NULLS"),
        frame="ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        nulls="NULL before the first known value.",
    ),
)
