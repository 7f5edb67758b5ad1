"""Binding: an expression's text and its input's schema become a checked, typed DuckDB tree, or findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlglot import exp

from runnel.compiler.dialects.types import family
from runnel.compiler.expressions import codes
from runnel.compiler.expressions.check import check
from runnel.compiler.expressions.expand import Expander, TooLargeError
from runnel.compiler.expressions.failing import may_fail
from runnel.compiler.expressions.findings import Problems, position
from runnel.compiler.expressions.parse import Parsed, parse_expression
from runnel.compiler.expressions.references import Values
from runnel.compiler.expressions.rules import Rules
from runnel.compiler.expressions.typing import Typer, innermost, is_value, postorder
from runnel.compiler.expressions.windowing import with_window
from runnel.compiler.functions import names
from runnel.compiler.functions.model import Kind
from runnel.model.findings import Finding
from runnel.plan.oracle import TypeOracle

SCALAR: frozenset[Kind] = frozenset({"scalar"})


@dataclass(frozen=True)
class Bound:
    """A bound expression.

    `tree` is DuckDB's: references and now() are typed literals, functions their compositions, columns quoted with their
    exact names. `may_fail` says whether some row can raise at run time; `clock` whether now() or today() stands in it.
    """

    tree: exp.Expr
    type: str
    columns: tuple[str, ...]
    may_fail: bool
    kind: Literal["scalar", "aggregate", "window"]
    clock: bool = False


def bind_expression(  # noqa: PLR0913 - one parameter per source of meaning
    text: str,
    schema: Mapping[str, str],
    *,
    oracle: TypeOracle,
    allow: frozenset[Any] = SCALAR,
    params: Mapping[str, Any] | None = None,
    param_types: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    now: datetime | None = None,
    expect: str | None = None,
    over: exp.Window | None = None,
) -> tuple[Bound | None, tuple[Finding, ...]]:
    """Bind one expression over columns (name -> DuckDB type); never raises for what an author can write.

    `allow` names the kinds of functions that may stand in it; `expect` is a family that the result must have, e.g.
    `boolean` for a condition. Fixes have one edit with an empty path, to be put under the field's own path. The oracle
    is asked once for an expression that is right; without `now` an expression with now() is a finding. Calls of window
    functions and aggregates without OVER get that of `over` (its frame is for aggregates only).
    """
    problems = Problems(text)
    values = Values(params or {}, param_types or {}, env or {})
    parsed = parse_expression(text, problems, values)
    if parsed is None or problems.failed:
        return None, tuple(problems.found)
    tree = _with_references(parsed)
    if over is not None:
        tree = with_window(tree, over)
    tree = check(tree, schema, problems)
    if not problems.failed:
        _kinds(tree, allow, problems)
    if problems.failed:
        return None, tuple(problems.found)
    try:
        bound = _typed(tree, schema, oracle, now, expect, problems)
    except TooLargeError:
        problems.add(
            codes.TOO_LARGE,
            0,
            "the expression's functions unfold to too large a formula",
            "Split it into several columns.",
        )
        bound = None
    return (None if problems.failed else bound), tuple(problems.found)


def _with_references(parsed: Parsed) -> exp.Expr:
    """Put the literals of references where their placeholders stand."""
    tree = parsed.tree
    for node in list(tree.find_all(exp.Column)):
        value = parsed.references.get(node.name) if len(node.parts) == 1 else None
        if value is None:
            continue
        made = value.copy()
        made.meta.update(node.this.meta)
        if node is tree:
            return made
        node.replace(made)
    return tree


def _typed(
    tree: exp.Expr,
    schema: Mapping[str, str],
    oracle: TypeOracle,
    now: datetime | None,
    expect: str | None,
    problems: Problems,
) -> Bound | None:
    expander = Expander(lambda node: typer.type_of(node), now)
    typer = Typer(tree, schema, oracle, expander)
    clock = _uses_clock(tree)
    if clock and now is None:
        problems.add(codes.NO_CLOCK, 0, "now() or today() needs the moment of a run", "Give the run's time.")
        return None
    typer.settle()
    rules = Rules(typer, problems)
    rules.apply(tree)
    _expected(tree, typer, rules, expect, problems)
    if typer.engine_words and not problems.failed:
        node, words = typer.engine_words
        problems.add(
            codes.ENGINE, position(node), f"DuckDB refuses it: {_first_line(words)}", "Check the types of the parts."
        )
    if problems.failed:
        return None
    return Bound(
        tree=expander.tree(tree),
        type=typer.types[id(tree)],
        columns=tuple(dict.fromkeys(node.name for node in tree.find_all(exp.Column, bfs=False))),
        may_fail=any(
            may_fail(node, typer.type_of)
            for node in postorder(tree)
            if is_value(node) or isinstance(node, exp.Anonymous)
        ),
        kind=kind_of(tree),
        clock=clock,
    )


def _expected(tree: exp.Expr, typer: Typer, rules: Rules, expect: str | None, problems: Problems) -> None:
    if expect is None:
        return
    found = family(typer.types[id(tree)])
    if found == expect or found in ("null", "unknown"):
        return
    if expect == "boolean":
        rules.condition(tree)
        return
    what = f"the result is {typer.types[id(tree)]}, but {expect} is needed"
    problems.add(codes.WRONG_RESULT, 0, what, "Convert it visibly, e.g. with CAST.")


def _first_line(words: str) -> str:
    return words.strip().splitlines()[0][:200] if words.strip() else "no reason given"


def _uses_clock(tree: exp.Expr) -> bool:
    return any(names()[node.name.lower()].clock for node in tree.find_all(exp.Anonymous))


def kind_of(tree: exp.Expr) -> Literal["scalar", "aggregate", "window"]:
    """Tell whether a checked, written tree is a window, an aggregate or a scalar expression."""
    if any(True for _ in tree.find_all(exp.Window)):
        return "window"
    kinds = {names()[node.name.lower()].kind for node in tree.find_all(exp.Anonymous)}
    return "aggregate" if "aggregate" in kinds else "scalar"


def _kinds(tree: exp.Expr, allow: frozenset[Any], problems: Problems) -> None:
    """Check that aggregates and window functions stand where they may."""
    for node in tree.find_all(exp.Window, exp.Filter, exp.Distinct, exp.Order, exp.IgnoreNulls):
        _modifier(node, allow, problems)
    for node in tree.find_all(exp.Anonymous):
        function = names()[node.name.lower()]
        if function.kind != "scalar":
            _many_rows(node, function.kind, allow, problems)


def _modifier(node: exp.Expr, allow: frozenset[Any], problems: Problems) -> None:
    inner = innermost(node)
    if isinstance(node, exp.Window):
        if "window" not in allow:
            problems.add(
                codes.WRONG_KIND, position(node), "OVER (…) is not allowed here", "Use the node `table.window`."
            )
        ok = isinstance(inner, exp.Anonymous) and names()[inner.name.lower()].kind != "scalar"
    elif isinstance(node, exp.Order) and isinstance(node.parent, exp.Window):
        return
    else:
        call = inner if isinstance(node, exp.Filter) else node.find_ancestor(exp.Anonymous, exp.Window)
        call = inner if isinstance(node, exp.IgnoreNulls) and isinstance(inner, exp.Anonymous) else call
        ok = isinstance(call, exp.Anonymous) and names()[call.name.lower()].kind != "scalar"
    if not ok:
        what = "OVER, FILTER, DISTINCT and ORDER BY belong to aggregate and window functions"
        problems.add(codes.WRONG_KIND, position(node), what, "Write e.g. sum(x) FILTER (WHERE x > 0).")


def _many_rows(node: exp.Anonymous, kind: str, allow: frozenset[Any], problems: Problems) -> None:
    windowed = _is_windowed(node)
    start, name = node.meta.get("start", 0), node.name.lower()
    if kind == "window" and not windowed:
        what = f"`{name}` is a window function and needs OVER (…)"
        problems.add(codes.WRONG_KIND, start, what, f"Write {name}(…) OVER (ORDER BY …) in a `table.window`.")
    elif kind == "aggregate" and not windowed and "aggregate" not in allow:
        what = f"`{name}` looks at many rows, but one value per row is needed here"
        problems.add(codes.WRONG_KIND, start, what, "Use the node `table.aggregate`, or `table.window` with OVER (…).")
    elif _inside_aggregate(node):
        problems.add(
            codes.NESTED_AGGREGATE, start, f"`{name}` stands inside another aggregate", "Compute it in a node before."
        )


def _is_windowed(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, exp.Filter | exp.IgnoreNulls | exp.RespectNulls) and node is parent.this:
        node, parent = parent, parent.parent
    return isinstance(parent, exp.Window) and node is parent.this


def _inside_aggregate(node: exp.Expr) -> bool:
    above = node.parent
    while above is not None:
        if isinstance(above, exp.Anonymous) and names()[above.name.lower()].kind != "scalar":
            return True
        if isinstance(above, exp.Lambda) or (isinstance(above, exp.Window | exp.Filter) and node is not above.this):
            return True
        node, above = above, above.parent
    return False
