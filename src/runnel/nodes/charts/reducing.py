"""Reductions that keep a chart's picture while its rows become few: buckets over an order, top values, bins."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from runnel.sdk import Relation, call, column, literal, sort_term

MOST_POINTS = 2000


def bucketed(relation: Relation, x: str, ys: Sequence[str], series: str | None, points: int = MOST_POINTS) -> Relation:
    """Keep at most `points` rows per series: neighbours in the order of x become one row with their averages."""
    groups = [series] if series else []
    partition = [column(name) for name in groups]
    order = exp.Order(expressions=[sort_term(column(x))])
    number = exp.Window(this=exp.RowNumber(), partition_by=partition, order=order)
    total = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[part.copy() for part in partition])
    there = relation.where(column(x).is_(exp.null()).not_())
    numbered = there.hide({"__number": number, "__total": total})
    size = call(
        "GREATEST", exp.Literal.number(1), call("CEIL", exp.Div(this=column("__total"), expression=literal(points)))
    )
    bucket = call("FLOOR", exp.Div(this=exp.Paren(this=column("__number") - 1), expression=size))
    placed = numbered.hide({"__bucket": bucket})
    keys: dict[str, exp.Expr] = {name: column(name) for name in groups}
    keys["__bucket"] = column("__bucket")
    values: dict[str, exp.Expr] = {x: exp.Min(this=column(x))}
    values |= {y: exp.Avg(this=exp.cast(column(y), "DOUBLE")) for y in ys}
    made = placed.aggregate(keys, values).order_by([sort_term(column(x))])
    return made.select([x, *ys, *groups])


def largest(relation: Relation, label: str, value: str, most: int, other: str = "other") -> Relation:
    """Keep the `most` largest values by label and add up the others under one name."""
    total = {"__value": exp.Sum(this=exp.cast(column(value), "DOUBLE"))}
    text = call("COALESCE", exp.cast(column(label), "VARCHAR"), "∅")
    grouped = relation.select({"__label": text, value: column(value)}).aggregate({"__label": column("__label")}, total)
    ranked = grouped.ranked("__rank", [], [sort_term(column("__value"), True), sort_term(column("__label"))])
    few = column("__rank") <= most
    shown = exp.Case().when(few, column("__label")).else_(literal(other))
    place = exp.Case().when(few.copy(), column("__rank")).else_(literal(most + 1))
    placed = ranked.select({"__shown": shown, "__value": column("__value"), "__place": place})
    summed = placed.aggregate(
        {"__shown": column("__shown"), "__place": column("__place")}, {"__sum": exp.Sum(this=column("__value"))}
    )
    ordered = summed.order_by([sort_term(column("__place"))])
    return ordered.select({label: column("__shown"), value: column("__sum")})


def sampled(relation: Relation, names: Sequence[str], most: int) -> Relation:
    """Keep at most `most` rows, chosen by a hash of their values."""
    mixed = call("MD5", call("CONCAT_WS", "|", *[exp.cast(column(name), "VARCHAR") for name in names]))
    ranked = relation.select(list(names)).hide({"__draw": mixed}).ranked("__rank", [], [sort_term(column("__draw"))])
    return ranked.where(column("__rank") <= most).select(list(names))


def binned(relation: Relation, x: str, bins: int) -> Relation:
    """Count the values of x in `bins` bins of equal width: columns `from`, `to`, `rows`."""
    number = exp.cast(column(x), "DOUBLE")
    there = relation.where(column(x).is_(exp.null()).not_()).select({"__x": number})
    finite = there.where(call("ISFINITE", column("__x")))
    low = exp.Window(this=exp.Min(this=column("__x")))
    high = exp.Window(this=exp.Max(this=column("__x")))
    ranged = finite.hide({"__low": low, "__high": high})
    span = exp.Paren(this=column("__high") - column("__low"))
    width = (
        exp.Case()
        .when(column("__high").eq(column("__low")), literal(1.0))
        .else_(exp.Div(this=span, expression=literal(bins)))
    )
    wide = ranged.hide({"__width": width})
    place = call(
        "LEAST",
        call("FLOOR", exp.Div(this=exp.Paren(this=column("__x") - column("__low")), expression=column("__width"))),
        bins - 1,
    )
    placed = wide.hide({"__bin": place})
    keys = {name: column(name) for name in ("__low", "__width", "__bin")}
    counted = placed.aggregate(keys, {"rows": exp.Count(this=exp.Star())})
    start = exp.Add(this=column("__low"), expression=exp.Mul(this=column("__bin"), expression=column("__width")))
    made = {"from": start, "to": exp.Add(this=start.copy(), expression=column("__width")), "rows": column("rows")}
    return counted.select(made).order_by([sort_term(column("from"))])
