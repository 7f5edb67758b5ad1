"""A node with state as the queries that the runtime executes: typed over the tables that they will read."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from runnel.compiler.graph import GraphNode
from runnel.compiler.usage import needed_columns, prune
from runnel.errors import EngineError
from runnel.model.findings import Finding, Where
from runnel.plan.oracle import TypeOracle
from runnel.plan.streams import Query, StatefulStep
from runnel.sdk.asking import ANSWERS, KNOWN
from runnel.sdk.relation import Relation, column
from runnel.sdk.stateful import (
    BUCKET,
    CLOCK,
    CLOCK_TYPES,
    MOMENT,
    SINCE,
    STATE,
    UNTIL,
    Behaviour,
    Buckets,
    Keyed,
    StatefulNode,
)
from runnel.sdk.streaming import METADATA
from runnel.sdk.trees import copied

WIDE = ("HUGEINT", "UHUGEINT")
LATE = "late"
INPUT = "·"
"""Before the name of an input port: the rows of a node with state as it takes them."""


@dataclass(frozen=True)
class Typed:
    """The step of a node, and the relations of its queries: those of output ports, and all the others."""

    step: StatefulStep
    inside: tuple[Relation, ...]
    emitted: Mapping[str, Relation]

    def uses(self, read: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Return the columns of each input that are used when only these output ports are read."""
        inputs = self.step.input_columns
        tables = {batch_table(port): list(types) for port, types in inputs.items()}
        found: dict[str, set[str]] = {port: set() for port in inputs}
        for relation in self.inside:
            _note(found, relation, None, tables)
        for port, relation in self.emitted.items():
            _note(found, relation, None if port in read else relation.columns[:1], tables)
        for port, clock in self.step.clocks.items():
            found[port] |= {clock, "_watermark", "_partition", "_position"}
            if LATE in read:
                found[port] |= {name for name in inputs[port] if not name.startswith("__")}
        return {port: tuple(name for name in inputs[port] if name in names) for port, names in found.items()}

    def counted(self, port: str, wanted: Mapping[str, Collection[str]]) -> Query:
        """Return the query of a port that nobody reads: its rows are counted, and shown in the columns that are there anyway.

        `wanted` are the columns that come in, by input.
        """
        relation = self.emitted[port]
        tables = {batch_table(name): list(types) for name, types in self.step.input_columns.items()}

        def is_there(column: str) -> bool:
            needed = needed_columns(relation.as_query(), [column], tables)
            inputs = {table.removeprefix("batch:"): names for table, names in needed.items() if table in tables}
            return all(set(names) <= set(wanted[name]) for name, names in inputs.items())

        names = [column for column in relation.columns if is_there(column)] or list(relation.columns[:1])
        query = copied(relation.as_query())
        prune(query, names, tables)
        types = next(item for item in self.step.emit if item.name == port).columns
        return Query(port, _text(Relation.of(query, names)), {name: types[name] for name in names})


def _note(
    found: dict[str, set[str]], relation: Relation, wanted: Sequence[str] | None, tables: Mapping[str, list[str]]
) -> None:
    for table, names in needed_columns(relation.as_query(), wanted, tables).items():
        if table in tables:
            found[table.removeprefix("batch:")] |= set(names)


def batch_table(port: str) -> str:
    """Return the name of the table with the rows of an input port."""
    return f"batch:{port}"


def typed_step(
    node: GraphNode,
    instance: StatefulNode,
    prepared: Mapping[str, Relation],
    tables: Mapping[str, Mapping[str, str]],
    schemas: Mapping[str, Mapping[str, str]],
    oracle: TypeOracle,
) -> tuple[Typed | None, list[Finding]]:
    """Return the step of a node over the exact types of its inputs, or findings that say why there is none."""
    try:
        inputs = {port: _described(made, tables, oracle) for port, made in prepared.items()}
        given = {
            port: Relation(
                columns=made.columns, name=batch_table(port), types={name: inputs[port][name] for name in made.columns},
                hidden=made.hidden,
            )
            for port, made in prepared.items()
        }  # fmt: skip
        behaviour = instance.behave(**given)
        return _typed(node, instance, behaviour, inputs, schemas, oracle), []
    except EngineError as error:
        hint = error.hint or "Check the types of the columns that this node uses."
        return None, [Finding("RNL-TYPE-001", "error", error.what, hint, Where(node.id))]


def _typed(
    node: GraphNode, instance: StatefulNode, behaviour: Behaviour, inputs: Mapping[str, dict[str, str]],
    schemas: Mapping[str, Mapping[str, str]], oracle: TypeOracle,
) -> Typed:  # fmt: skip
    known: dict[str, Mapping[str, str]] = {batch_table(port): types for port, types in inputs.items()}
    known[CLOCK] = CLOCK_TYPES
    made: dict[str, Any] = {}
    if isinstance(behaviour, Buckets):
        state = _narrow(oracle.describe(_text(behaviour.absorb), known))
        if BUCKET not in state:
            raise EngineError("RNL-STREAM-002", f"the state of {node.kind} has no column {BUCKET}", "")
        absorbed = state
        if behaviour.every is not None:
            state = {**state, SINCE: MOMENT, UNTIL: MOMENT}
        made.update(layout="buckets", live=behaviour.live,
                    combine=_cast(behaviour.combine, state) if behaviour.combine is not None else None)  # fmt: skip
        inside = [behaviour.absorb]
    else:
        state = absorbed = _state_types(behaviour, known, oracle)
        made.update(layout="keyed", keys=behaviour.keys, due=behaviour.due,
                    touched={port: _text(relation) for port, relation in behaviour.touched.items()})  # fmt: skip
        inside = [behaviour.absorb, *behaviour.steps.values(), *behaviour.touched.values()]
    known[STATE] = state
    if isinstance(behaviour, Keyed) and behaviour.asks is not None:
        inside.append(behaviour.asks)
        config = node.config.model_dump(mode="json", by_alias=True)
        made.update(asks=_cast(behaviour.asks, dict.fromkeys(behaviour.keys, "VARCHAR")), config=config,
                    answers=(*behaviour.keys, *behaviour.answers))  # fmt: skip
        known[ANSWERS] = {**dict.fromkeys(made["answers"], "VARCHAR"), KNOWN: "BOOLEAN"}
    steps: list[Query] = []
    for name, relation in (behaviour.steps if not isinstance(behaviour, Buckets) else {}).items():
        types = _narrow(oracle.describe(_text(relation), known))
        steps.append(Query(name, _cast(relation, types), types))
        known[name] = types
    emit = tuple(_emitted(port, relation, schemas.get(port), known, oracle) for port, relation in behaviour.emit.items())
    step = StatefulStep(
        node=node.id, kind=node.kind, inputs={}, state=state, absorb=_cast(behaviour.absorb, absorbed), emit=emit,
        sources=(), code="", steps=tuple(steps), every=behaviour.every, sequenced=instance.sequenced,
        clocks={port: instance.clocked(port) for port in inputs} if instance.sequenced else {},
        input_columns=inputs, **made,
    )  # fmt: skip
    return Typed(_coded(step, node), tuple(inside), dict(behaviour.emit))


def _state_types(behaviour: Keyed, known: Mapping[str, Mapping[str, str]], oracle: TypeOracle) -> dict[str, str]:
    """Return the types of a state by key, which may be told by a relation over the inputs."""
    if isinstance(behaviour.types, Relation):
        return _narrow(oracle.describe(_text(behaviour.types), known))
    return dict(behaviour.types)


def _emitted(
    port: str, relation: Relation, schema: Mapping[str, str] | None, known: Mapping[str, Mapping[str, str]],
    oracle: TypeOracle,
) -> Query:  # fmt: skip
    """Return the query of a port; its columns are those of the port's schema, and metadata that the node knows."""
    types = _narrow(oracle.describe(_text(relation), known))
    wanted = {**(schema or {}), **{name: type for name, type in types.items() if name in METADATA}}
    return Query(port, _cast(relation, {name: wanted.get(name, type) for name, type in types.items()}), wanted)


def _coded(step: StatefulStep, node: GraphNode) -> StatefulStep:
    """Give a step the hash by which an older state is told to mean the same."""
    from dataclasses import replace

    state_version = getattr(node.node, "state_version", 1)
    material = [node.kind, state_version, step.layout, list(step.state.items()), step.absorb, step.keys, step.due]
    text = json.dumps(material, ensure_ascii=False)
    return replace(step, code=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32])


def _described(relation: Relation, tables: Mapping[str, Mapping[str, str]], oracle: TypeOracle) -> dict[str, str]:
    from runnel.compiler.typing import plain_sql

    assert relation.query is not None
    return _narrow(oracle.describe(plain_sql(relation.query), tables))


def _narrow(types: Mapping[str, str]) -> dict[str, str]:
    """Return types that Arrow holds exactly."""
    return {name: "DECIMAL(38,0)" if type in WIDE else type for name, type in types.items()}


def _text(relation: Relation) -> str:
    return relation.as_query().sql("duckdb")


def _cast(relation: Relation, types: Mapping[str, str]) -> str:
    """Return the text of a query whose columns have exactly these types."""
    inner = copied(relation.as_query()).subquery(exp.to_identifier("t", quoted=True))
    names = [
        exp.alias_(exp.cast(column(name), exp.DataType.build(type, dialect="duckdb", udt=True)),
                   exp.to_identifier(name, quoted=True))
        for name, type in types.items()
    ]  # fmt: skip
    return exp.select(*names, copy=False).from_(inner, copy=False).sql("duckdb")
