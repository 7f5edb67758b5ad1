"""Rows whose values cannot be turned into what a node makes of them: refused, NULL, or the end of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from runnel.sdk import Relation, all_of, call, column


@dataclass(frozen=True)
class Attempt:
    """One value that may not come out: its tree (NULL when it does not), whether it went wrong, and what is said."""

    name: str
    value: exp.Expr
    broken: exp.Expr
    reason: exp.Expr


def attempted(
    input: Relation, attempts: Sequence[Attempt], policy: str, layout: Sequence[str], port: str = "rejected"
) -> Mapping[str, Relation]:
    """Return the kept and the refused rows.

    `layout` are the output's columns in order; those that an attempt names take its value. In `broken` and `reason`
    the attempt's own value is the column `__made_NAME`.
    """
    hidden = {attempt.name: f"__made_{attempt.name}" for attempt in attempts}
    tried = input.hide({hidden[attempt.name]: attempt.value for attempt in attempts})
    values: dict[str, exp.Expr] = {name: column(hidden.get(name, name)) for name in layout}
    if policy == "null":
        return {"output": tried.select(values)}
    if policy == "fail":
        for attempt in attempts:
            stop = call("ERROR", attempt.reason)
            values[attempt.name] = exp.Case().when(attempt.broken.copy(), stop).else_(column(hidden[attempt.name]))
        return {"output": tried.select(values)}
    good = all_of(exp.Paren(this=attempt.broken.copy()).not_() for attempt in attempts)
    reasons = [exp.Case().when(attempt.broken.copy(), attempt.reason.copy()) for attempt in attempts]
    reason = call("CONCAT_WS", "; ", *reasons)
    visible: dict[str, exp.Expr] = {name: column(name) for name in input.columns}
    return {
        "output": tried.accept(good, reason).select(values),
        port: tried.where(good.not_()).select({**visible, "_reason": reason}),
    }


def not_made(name: str, made: str, what: str) -> tuple[exp.Expr, exp.Expr]:
    """Return (broken, reason) for a value that was there but gave NULL."""
    there = column(name).is_(exp.null()).not_()
    broken = exp.and_(there, column(f"__made_{made}").is_(exp.null()))
    shown = call("LEFT", exp.cast(column(name), "VARCHAR"), 80)
    return broken, call("CONCAT", f"{name}: '", shown, f"' {what}")


def placed(input: Relation, made: Sequence[str], after: str | None) -> list[str]:
    """Return the columns with new ones right behind `after` (last without it); existing names stay where they are."""
    new = [name for name in made if name not in input.columns]
    order = list(input.columns)
    place = order.index(after) + 1 if after in order else len(order)
    return [*order[:place], *new, *order[place:]]
