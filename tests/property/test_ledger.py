"""The ledger balances and agrees with an independent count: for every pair of kinds, and over random graphs."""

from __future__ import annotations

from typing import Any

import pytest
from counting import Counter

from building import edge_rows, entry, fresh_project, node, rows, run_nodes
from runnel.app.project import Project
from runnel.catalog import discover
from runnel.errors import RunnelError

CATALOG = discover()
KINDS = [kind for kind in CATALOG.nodes if kind.startswith("table.")]
KINDS = [kind for kind in CATALOG.nodes if kind.startswith(("table.", "quality."))]
TYPES = {"id": "BIGINT", "g": "VARCHAR", "v": "BIGINT", "w": "BIGINT", "t": "VARCHAR", "l1": "BIGINT[]", "l2": "BIGINT[]", "x1": "BIGINT", "x2": "BIGINT"}
GIVEN = [
    {"id": 1, "g": "a", "v": 5, "w": 1, "t": "1", "l1": [1, 2], "l2": [1, 2]},
    {"id": 2, "g": "a", "v": None, "w": 2, "t": "x", "l1": [], "l2": []},
    {"id": 3, "g": "b", "v": 0, "w": 3, "t": "3", "l1": [3], "l2": [3]},
    {"id": 4, "g": None, "v": -2, "w": None, "t": None, "l1": None, "l2": None},
    {"id": 5, "g": "b", "v": 5, "w": 0, "t": "y", "l1": [1, 1, 1], "l2": [1, 1, 1]},
    {"id": 5, "g": "b", "v": 5, "w": 0, "t": "y", "l1": [1, 1, 1], "l2": [1, 1, 1]},
    {"id": 6, "g": "", "v": 7, "w": 6, "t": "6", "l1": [None], "l2": [None]},
]
OTHER = [{"id": 1, "other": "one"}, {"id": 2, "other": None}, {"id": 2, "other": "two"}, {"id": 9, "other": "nine"}]
NEUTRAL = ["table.limit", "table.distinct", "table.sort", "table.union"]

# Every config takes the columns of GIVEN (the second place: but x1, x2, l1, l2) and gives them on, so that any kind can stand
# behind any other. `#` is the place in the pipeline. Inputs beside the first are read from the source `other`.
CONFIGS: dict[str, list[dict[str, Any]]] = {
    "table.aggregate": [
        {
            "group_by": ["g"],
            "values": {"id": "min(id)", "v": "min(v)", "w": "max(w)", "t": "max(t)", "l2": "any_value(l2)", "x2": "max(x2)"},
        }
    ],
    "table.cast": [{"columns": {"t": "BIGINT"}}, {"columns": {"t": "BIGINT"}, "on_error": "null"}],
    "table.conditional": [
        {"cases": [{"when": "v > 4", "set": {"c#": "1"}}, {"when": "10 // w > 2", "set": {"c#": "2"}}]},
    ],
    "table.curve": [{"x": "v", "curve_x": "id", "curve_y": "id", "measured": "w", "expected": "e#", "deviation": "o#"}],
    "table.deduplicate": [{"keys": ["id"], "order_by": ["-v"]}],
    "table.derive": [{"columns": {"d#": "10 // w"}}, {"columns": {"d#": "v + 1"}}],
    "table.distinct": [{}, {"columns": ["g"]}],
    "table.drop": [{"columns": ["x#"]}],
    "table.explode": [{"column": "l#", "keep_empty": True, "position": "p#"}],
    "table.filter": [{"where": "v > 1"}, {"where": "10 // w > 2"}],
    "table.join": [
        *({"how": how, "on": ["id"], "suffix": "_r#"} for how in ("inner", "left", "right", "full", "semi", "anti")),
        {"how": "cross", "suffix": "_r#"},
        {"how": "asof", "order": "id", "suffix": "_r#"},
    ],
    "table.limit": [{"rows": 3, "offset": 1}],
    "table.lookup": [{"on": ["id"], "columns": {"other": "other#"}}],
    "table.pivot": [
        {"index": ["id", "g", "v", "w", "t", "l2", "x2"], "column": "g", "value": "id", "values": ["a#", "b#"], "aggregate": "count"},
    ],
    "table.rename": [{"columns": {"x#": "y#"}}],
    "table.reorder": [{"columns": ["t"]}],
    "table.route": [{"routes": {"big": "v > 4", "small": "v < 1"}}, {"routes": {"one": "10 // w > 2"}}],
    "table.sample": [{"share": 0.5}, {"rows": 2}],
    "table.select": [{"columns": ["id", "g", "v", "w", "t", "l2", "x2"]}],
    "table.sort": [{"by": ["-id"]}],
    "table.top_n": [{"rows": 2, "by": ["id"], "group_by": ["g"]}],
    "table.union": [{}],
    "table.unpivot": [{"columns": ["v"], "name": "n#", "value": "v"}],
    "table.validate": [{"rules": [{"check": "v > 0"}, {"check": "10 // w > 0"}]}],
    "table.window": [{"partition_by": ["g"], "order_by": ["id"], "columns": {"s#": "sum(v)", "r#": "row_number()"}}],
}


def placed(value: Any, place: int) -> Any:
    """A config with its place filled in; what the second place no longer has is left out."""
    if isinstance(value, str):
        return value.replace("#", str(place))
    if isinstance(value, list):
        return [placed(item, place) for item in value if not (item in ("x2", "l2") and place == 2)]
    if isinstance(value, dict):
        return {placed(k, place): placed(item, place) for k, item in value.items() if not (k in ("x2", "l2") and place == 2)}
    return value


def step(kind: str, config: dict[str, Any], place: int, first: str) -> dict[str, Any]:
    """A node of a kind that reads `first`, and `other` into every further input."""
    ports = CATALOG.nodes[kind].static_ports().inputs
    from_: Any = {ports[0].name: [first, "other"] if ports[0].many else first}
    from_.update({port.name: "other" for port in ports[1:]})
    return node(kind, from_, **placed(config, place))


@pytest.fixture(scope="module")
def project():
    with fresh_project() as made:
        yield made


@pytest.fixture(scope="module")
def counter():
    return Counter()


def problems(project: Project, counter: Counter, nodes: dict[str, Any]) -> list[str]:
    """Run nodes and say what the ledger says otherwise than the independent count."""
    try:
        report = run_nodes(project, nodes)
    except RunnelError as error:
        return [f"{type(error).__name__}: {error}"]
    if report.result.error is not None and report.result.error.code == "RNL-CHECK-001":
        return [] if report.ledger.balanced else ["unbalanced"]
    return counter.differences(report)


def pair(first: str, config: dict[str, Any], second: str, following: dict[str, Any]) -> dict[str, Any]:
    """Two kinds behind each other; every port of the first that the second does not read stays unconnected."""
    return {
        "source": rows(*GIVEN, **TYPES),
        "other": rows(*OTHER, id="BIGINT", other="VARCHAR"),
        "one": step(first, config, 1, "source"),
        "two": step(second, following, 2, "one"),
    }


@pytest.mark.parametrize("first", sorted(CONFIGS))
def test_every_pair_of_adjacent_kinds_balances_and_agrees_with_an_independent_count(project, counter, first):
    """Of several configs of a kind each stands in some of its pairs."""
    found = []
    turn = sorted(CONFIGS).index(first)
    for number, second in enumerate(sorted(CONFIGS)):
        config = CONFIGS[first][number % len(CONFIGS[first])]
        following = CONFIGS[second][(turn + number) % len(CONFIGS[second])]
        said = problems(project, counter, pair(first, config, second, following))
        found += [f"{first} {config} → {second} {following}: {words}" for words in said]
    assert found == []


OWN_ROWS = [kind for kind in KINDS if kind not in CONFIGS and CATALOG.nodes[kind].examples]


@pytest.mark.parametrize("kind", OWN_ROWS)
def test_a_kind_with_rows_of_its_own_balances_beside_every_neutral_kind(project, counter, kind):
    made = CATALOG.nodes[kind]
    found = []
    for example in made.examples:
        if example.files:
            continue
        for neutral in NEUTRAL:
            nodes: dict[str, Any] = {}
            for port, given_rows in example.given.items():
                columns = dict(example.types.get(port, {}))
                nodes[f"given_{port}"] = rows(*given_rows, **columns)
                nodes[f"before_{port}"] = node(neutral, f"given_{port}", **neutral_config(neutral, given_rows))
            if not example.given or (neutral == "table.sort" and not all(example.given.values())):
                continue
            wires: Any = {port: f"before_{port}" for port in example.given}
            nodes["one"] = node(kind, wires, **example.config)
            nodes["two"] = node("table.limit", "one", rows=1_000)
            found += [f"{kind} {example.title!r} behind {neutral}: {words}" for words in problems(project, counter, nodes)]
    assert found == []


def neutral_config(kind: str, given_rows: Any) -> dict[str, Any]:
    if kind == "table.limit":
        return {"rows": 1_000}
    if kind == "table.sort":
        return {"by": [name for row in given_rows[:1] for name in list(row)[:1]]}
    return {}


def test_no_kind_of_node_is_left_out():
    assert [kind for kind in KINDS if kind not in CONFIGS and kind not in OWN_ROWS] == []


def test_the_classes_of_a_semi_and_of_an_as_of_join_are_those_of_its_left_side(project):
    nodes = {"source": rows(*GIVEN, **TYPES), "other": rows(*OTHER, id="BIGINT", other="VARCHAR")}
    wires = {"left": "source", "right": "other"}
    for how, kept in (("semi", 2), ("anti", 5)):
        made = entry(run_nodes(project, {**nodes, "joined": node("table.join", wires, how=how, on=["id"])}), "joined")
        assert (made["passed"], made["filtered"], made["absorbed"], made["created"]) == (kept, 7 - kept, 4, 0)
    made = entry(run_nodes(project, {**nodes, "joined": node("table.join", wires, how="asof", order="id")}), "joined")
    assert (made["passed"], made["filtered"], made["absorbed"], made["created"]) == (7, 0, 4, 0)


def test_an_unconnected_route_counts_as_passed_and_an_unconnected_rest_as_filtered(project, counter):
    nodes = {"source": rows(*GIVEN, **TYPES), "routed": node("table.route", "source", routes={"big": "v > 4", "small": "v < 1"})}
    report = run_nodes(project, {**nodes, "kept": node("table.limit", "routed.big", rows=100)})
    made = entry(report, "routed")
    assert (made["passed"], made["filtered"], made["ports"]) == (6, 1, {"big": 4, "small": 2})
    assert counter.differences(report) == []


@pytest.mark.parametrize("to", ["big", "routed", "routed.rest", "strict", "source", "refused"])
def test_a_run_up_to_a_node_counts_every_node_as_the_whole_run_does(project, to):
    nodes = {
        "source": rows(*GIVEN, **TYPES),
        "routed": node("table.route", "source", routes={"big": "v > 4", "small": "v < 1", "none": "v > 100"}),
        "big": node("table.limit", "routed.big", rows=100),
        "left": node("table.sort", "routed.rest", by=["id"]),
        "strict": node("table.filter", "source", where="10 // w > 2"),
        "refused": node("table.sort", "strict.rejected", by=["id"]),
        "more": node("table.distinct", "strict.rest"),
        "end": node("table.union", ["big", "strict"]),
    }
    whole, part = run_nodes(project, nodes), run_nodes(project, nodes, to=to)
    assert part.result.error is None and part.ledger.balanced
    kept = [item.id for item in part.plan.nodes]
    assert to.partition(".")[0] in kept and "end" not in kept
    for id in kept:
        made, expected = entry(part, id), entry(whole, id)
        assert made == expected, id
    assert part.result.letters == {}


@pytest.mark.parametrize("port", ["output", "rest", "rejected"])
def test_a_muted_node_passes_its_rows_through_its_first_port_only(project, counter, port):
    nodes = {"source": rows(*GIVEN, **TYPES), "muted": node("table.filter", "source", muted=True, where="10 // w > 2")}
    report = run_nodes(project, {**nodes, "after": node("table.sort", f"muted.{port}", by=["id"])})
    assert counter.differences(report) == []
    assert entry(report, "muted")["passed"] == 7
    assert entry(report, "after")["in"] == (7 if port == "output" else 0)


def test_a_muted_union_passes_its_first_table_and_leaves_the_others_out(project, counter):
    nodes = {"source": rows(*GIVEN, **TYPES), "other": rows(*OTHER, id="BIGINT", other="VARCHAR")}
    report = run_nodes(project, {**nodes, "both": node("table.union", ["other", "source"], muted=True),
                                 "after": node("table.sort", "both", by=["id"])})  # fmt: skip
    made = entry(report, "both")
    assert (made["in"], made["passed"], made["filtered"], made["out"]) == (11, 4, 7, 4)
    assert counter.differences(report) == []


def test_a_muted_sink_leaves_its_rows_out_and_writes_nothing(project):
    nodes = {"source": rows(*GIVEN, **TYPES), "sink": node("sink.file", "source", muted=True, path="never.csv")}
    made = entry(run_nodes(project, nodes), "sink")
    assert (made["in"], made["absorbed"], made["filtered"]) == (7, 0, 7)
    assert not (project.root / "never.csv").exists()


def test_uncounted_edges_are_null_never_a_guess(project):
    nodes = {"source": rows(*GIVEN, **TYPES), "kept": node("table.filter", "source", where="v > 1"),
             "made": node("table.derive", "kept", columns={"n": "v + 1"}), "sums": node("table.aggregate", "made", values={"n": "count(*)"})}  # fmt: skip
    report = run_nodes(project, nodes, settings={"counts": "segments"})
    assert report.status == "success"
    assert edge_rows(report) == {
        "source.output → kept.input": 7, "kept.output → made.input": None, "made.output → sums.input": None,
    }  # fmt: skip
    assert report.ledger.balanced
    assert entry(report, "sums")["out"] == 1
    assert entry(report, "kept")["filtered"] is None


def test_counts_above_a_limit_say_that_they_are_not_complete(project):
    nodes = {"source": node("source.generate", rows=500_000, columns={"n": "sequence"}),
             "kept": node("table.filter", "source", where="n >= 0"), "first": node("table.limit", "kept", rows=5)}  # fmt: skip
    report = run_nodes(project, nodes)
    assert report.ledger.balanced
    assert not entry(report, "kept")["complete"]
    assert entry(report, "first")["complete"] and entry(report, "first")["out"] == 5
