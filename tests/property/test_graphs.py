"""Random graphs compile or give findings; their results and ledgers agree with a plain evaluation of their own."""

from __future__ import annotations

from collections import Counter as Bag
from typing import Any

import pytest
from counting import Counter
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from building import document, fresh_project, node, rows, run_nodes
from runnel.app import pipelines
from runnel.app.previews import port_rows
from runnel.model.loading import from_mapping

FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
               phases=[Phase.generate])  # fmt: skip
MANY = settings(FEW, max_examples=60)


@pytest.fixture(scope="module")
def project():
    with fresh_project() as made:
        yield made


# ---------------------------------------------------------------------- graphs that mean something, evaluated in Python
Table = list[dict[str, Any]]
numbers = st.one_of(st.none(), st.integers(-3, 5))
texts = st.sampled_from([None, "", "a", "b", "ä"])
tables = st.lists(st.fixed_dictionaries({"k": numbers, "n": numbers, "s": texts}), max_size=7)
TYPES = {"k": "BIGINT", "n": "BIGINT", "s": "VARCHAR"}


def keep(table: Table, test: Any) -> Table:
    return [row for row in table if test(row)]


def joined(left: Table, right: Table, how: str) -> Table:
    """Rows of the left with those of the right whose `k` is equal; NULL equals nothing."""
    made: Table = []
    for row in left:
        found = [other for other in right if row["k"] is not None and other["k"] == row["k"]]
        made += [{**row, "r": other["n"]} for other in found]
        if how == "left" and not found:
            made.append({**row, "r": None})
    return made


def grouped(table: Table) -> Table:
    groups: dict[Any, list[Any]] = {}
    for row in table:
        groups.setdefault(row["s"], []).append(row["n"])
    known = {key: [value for value in values if value is not None] for key, values in groups.items()}
    return [{"k": len(groups[key]), "n": sum(known[key]) if known[key] else None, "s": key} for key in groups]


def sorted_first(table: Table, count: int) -> Table:
    def key(row: dict[str, Any]) -> Any:
        return [(value is None, value if value is not None else 0) for value in (row["n"], row["k"])] + [
            (row["s"] is None, (row["s"] or "").encode())
        ]

    return sorted(table, key=key)[:count]


def distinct(table: Table) -> Table:
    return list({tuple(sorted(row.items())): row for row in table}.values())


def derived(row: dict[str, Any]) -> dict[str, Any]:
    both = None if row["n"] is None or row["k"] is None else row["n"] * 2 - row["k"]
    return {**row, "n": both}


PLAIN: dict[str, tuple[dict[str, Any], Any]] = {
    "positive": (node("table.filter", "?", where="n > 0"), lambda t: keep(t, lambda r: r["n"] is not None and r["n"] > 0)),
    "known": (node("table.filter", "?", where="s is not null and s <> ''"), lambda t: keep(t, lambda r: bool(r["s"]))),
    "double": (node("table.derive", "?", columns={"n": "n * 2 - k"}), lambda t: [derived(r) for r in t]),
    "swap": (node("table.rename", "?", columns={"k": "n", "n": "k"}), lambda t: [{"k": r["n"], "n": r["k"], "s": r["s"]} for r in t]),
    "distinct": (node("table.distinct", "?"), distinct),
    "count": (node("table.aggregate", "?", group_by=["s"], values={"k": "count(*)", "n": "sum(n)"}), grouped),
}


def flow(draw: Any) -> tuple[dict[str, Any], dict[str, Table]]:
    """Nodes, and the rows that each must give."""
    nodes: dict[str, Any] = {}
    values: dict[str, Table] = {}
    for name in ("a", "b"):
        values[name] = draw(tables)
        nodes[name] = rows(*values[name], **TYPES)
    for number in range(draw(st.integers(1, 6))):
        id = f"n{number}"
        kind = draw(st.sampled_from([*PLAIN, "join", "union", "first"]))
        one, other = draw(st.sampled_from(sorted(values))), draw(st.sampled_from(sorted(values)))
        if kind == "join":
            how = draw(st.sampled_from(["inner", "left"]))
            nodes[f"{id}_right"] = node("table.select", other, columns=["k", "n"])
            nodes[f"{id}_named"] = node("table.rename", f"{id}_right", columns={"n": "r"})
            nodes[f"{id}_join"] = node("table.join", {"left": one, "right": f"{id}_named"}, how=how, on=["k"])
            nodes[f"{id}_sum"] = node("table.derive", f"{id}_join", columns={"n": "coalesce(n, 0) + coalesce(r, 0)"})
            nodes[id] = node("table.drop", f"{id}_sum", columns=["r"])
            made = joined(values[one], values[other], how)
            values[id] = [{"k": row["k"], "n": (row["n"] or 0) + (row["r"] or 0), "s": row["s"]} for row in made][:5000]
            if len(made) > 500:
                del nodes[id], values[id]
        elif kind == "union":
            nodes[id] = node("table.union", [one, other])
            values[id] = [*values[one], *values[other]]
        elif kind == "first":
            nodes[f"{id}_sorted"] = node("table.sort", one, by=["n", "k", "s"])
            nodes[id] = node("table.limit", f"{id}_sorted", rows=3)
            values[id] = sorted_first(values[one], 3)
        else:
            made_node, evaluate = PLAIN[kind]
            nodes[id] = {**made_node, "from": one}
            values[id] = evaluate(values[one])
    return nodes, values


def bag(table: Any) -> Bag[Any]:
    return Bag(tuple(sorted((name, None if value is None else (int(value) if name != "s" else value)) for name, value in row.items())) for row in table)


@FEW
@given(data=st.data())
def test_results_of_random_graphs_equal_a_plain_evaluation(project, data):
    nodes, expected = flow(data.draw)
    made = pipelines.runnable(project, document(project, nodes))
    last = list(expected)[-2:]
    for id in last:
        assert bag(port_rows(project, made, id)) == bag(expected[id]), (id, nodes)


@FEW
@given(data=st.data())
def test_every_edge_of_a_random_graph_carries_the_rows_of_a_plain_evaluation(project, data):
    nodes, expected = flow(data.draw)
    report = run_nodes(project, nodes)
    assert report.result.error is None, (report.result.error, nodes)
    assert report.ledger.balanced
    for edge, counted in report.ledger.edges:
        if edge.source in expected and report.ledger.entry(edge.source).complete:
            assert counted == len(expected[edge.source]), (edge, nodes)


# --------------------------------------------------- graphs with refusals, routes and muted nodes, for the ledger alone
STEPS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    (node("table.filter", "?", where="10 // n > 2"), ("output", "rest", "rejected")),
    (node("table.filter", "?", where="k > 1", on_error="null"), ("output", "rest")),
    (node("table.route", "?", routes={"low": "n < 1", "odd": "k % n = 1"}), ("low", "odd", "rest", "rejected")),
    (node("table.cast", "?", columns={"s": "BIGINT"}), ("output", "rejected")),
    (node("table.derive", "?", columns={"k": "12 // n"}), ("output", "rejected")),
    (node("table.derive", "?", columns={"n": "cast(s as BIGINT)"}, on_error="null"), ("output",)),
    (node("table.validate", "?", rules=[{"check": "n > 0"}, {"check": "12 // k > 0"}]), ("valid", "rejected")),
    (node("table.deduplicate", "?", keys=["s"]), ("output", "duplicates")),
    (node("table.aggregate", "?", group_by=["s"], values={"n": "sum(n)", "k": "sum(12 // k)"}), ("output", "rejected")),
    (node("table.sort", "?", by=["n"]), ("output",)),
    (node("table.union", "?"), ("output",)),
    (node("table.join", "?", how="inner", on=["k"]), ("output",)),
    (node("table.join", "?", how="anti", on=["k"]), ("output",)),
    (node("table.join", "?", how="full", on=["s"]), ("output",)),
]
refusable = st.lists(
    st.fixed_dictionaries({"k": st.sampled_from([None, 0, 1, 2]), "n": st.sampled_from([None, 0, 1, 2, 7]),
                           "s": st.sampled_from([None, "", "1", "x", "22"])}), max_size=12)  # fmt: skip


def network(draw: Any) -> dict[str, Any]:
    """Up to eight nodes over two sources; each reads any port that was made before."""
    nodes: dict[str, Any] = {name: rows(*draw(refusable), **TYPES) for name in ("a", "b")}
    ports = ["a", "b"]
    for number in range(draw(st.integers(1, 8))):
        id = f"n{number}"
        made, outputs = draw(st.sampled_from(STEPS))
        made = dict(made)
        one, other = draw(st.sampled_from(ports)), draw(st.sampled_from(ports))
        made["from"] = one
        if made["kind"] == "table.join":
            made["from"] = {"left": one, "right": other}
        elif made["kind"] == "table.union":
            made["from"] = [one, other]
        if draw(st.integers(0, 9)) == 0:
            made["muted"] = True
        nodes[id] = made
        ports += [f"{id}.{port}" for port in outputs]
    return nodes


@MANY
@given(data=st.data())
def test_the_ledger_of_a_random_graph_agrees_with_an_independent_count(project, data):
    nodes = network(data.draw)
    compiled = pipelines.compiled(project, document(project, nodes))
    if not compiled.valid:
        return
    report = run_nodes(project, nodes)
    assert Counter().differences(report) == [], nodes


# ----------------------------------------------------------------------------- graphs that mean nothing in particular
names = st.sampled_from(["a", "b", "c", "a.rest", "b.output", "nowhere", "c.rejected", ""])
words = st.one_of(st.sampled_from(["n > 1", "s", "k + s", "sum(n)", "s = 5", "nope(1)", "(", "k k", "*", "'", "a.b"]), st.text(max_size=5))
junk = st.one_of(st.none(), st.integers(-5, 5), st.booleans(), words, st.lists(words, max_size=3),
                 st.dictionaries(st.sampled_from(["n", "k", "x", ""]), st.one_of(words, st.integers()), max_size=3))  # fmt: skip
FIELDS = ["columns", "where", "by", "on", "how", "rows", "values", "group_by", "routes", "rules", "path", "unknown"]


@st.composite
def any_nodes(draw: st.DrawFn) -> dict[str, Any]:
    from runnel.catalog import discover

    kinds = [*discover().nodes, "table.nothing", "x"]
    made: dict[str, Any] = {"a": rows({"k": 1, "n": 2, "s": "x"}, **TYPES)}
    for id in ("b", "c"):
        config = draw(st.dictionaries(st.sampled_from(FIELDS), junk, max_size=4))
        wires = st.one_of(names, st.lists(names, max_size=3), st.dictionaries(st.sampled_from(["left", "right", "input", "x"]), names))
        made[id] = {"kind": draw(st.sampled_from(kinds)), "from": draw(wires), "config": config, "muted": draw(st.booleans())}
    return made


@settings(MANY, max_examples=200)
@given(nodes=any_nodes())
def test_any_graph_compiles_or_gives_findings_and_never_raises(project, nodes):
    pipeline, findings = from_mapping({"runnel": 1, "name": "junk", "nodes": nodes})
    if pipeline is None:
        assert findings
        return
    made = pipelines.compiled(project, pipelines.Document(pipeline, findings, str(project.root), None, "-"))
    for finding in made.findings:
        assert finding.code.startswith("RNL-") and finding.what
    if made.valid:
        made.plan()
