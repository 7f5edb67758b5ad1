"""Replay: the records that a node refused enter the corrected pipeline at that node, once."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import tempfile
import uuid
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from runnel.app import pipelines
from runnel.app.pipelines import Document, text_of
from runnel.app.runs import RunOptions, RunReport
from runnel.app.runs import run as run_document
from runnel.compiler.compile import Compiled
from runnel.errors import AuthoringError
from runnel.model.document import NodeDoc, Pipeline, Wire
from runnel.sdk.source import Source
from runnel.store.ownership import is_dead, myself

if TYPE_CHECKING:
    from runnel.app.project import Project

MOST = 1_000_000
ENDED_WELL = ("success", "warning")


def replay(
    project: Project, document: Document, run_id: str, node: str, numbers: Collection[int] | None = None
) -> tuple[RunReport, int]:
    """Run open dead letters of a node (all, or those with the numbers) through the pipeline; returns run and count.

    A source's records are read again as a file of their raw bytes; another node's rows stand in place of its input.
    Branches that had the other rows already see nothing of this run but what the replayed rows bring. The letters are
    claimed first, so that no two replays take the same one; they are replayed when the run ended well, and open again
    when it did not. A record that is refused again is an open dead letter of the new run, with the new reason.
    """
    if document.pipeline is None:
        raise pipelines.InvalidPipelineError(document.findings)
    if node not in document.pipeline.nodes:
        raise AuthoringError(
            "RNL-GRAPH-005", f"there is no node `{node}` in the pipeline", "Replay enters at that node."
        )
    letters = _open_letters(project, run_id, node, numbers)
    params = _params(project, document.pipeline, run_id)
    compiled = pipelines.runnable(project, document, params)
    claim = json.dumps({"claim": uuid.uuid4().hex, **myself()})
    store = project.store.letters
    claimed = set(store.claim(run_id, node, "replaying", claim, [int(letter["number"]) for letter in letters]))
    letters = [letter for letter in letters if letter["number"] in claimed]
    if not letters:
        raise _nothing_open(run_id, node, numbers)
    done: RunReport | None = None
    try:
        with tempfile.TemporaryDirectory(dir=project.scratch) as folder:
            changed = _entering(document.pipeline, compiled, node, letters, folder)
            text = text_of(document)
            _keep_version(project, document, compiled, text)
            made = Document(changed, (), document.folder, None, text)
            done = run_document(project, made, RunOptions(params, use_cache=False, replays=claim))
    finally:
        well = done is not None and done.status in ENDED_WELL
        store.resolve(run_id, node, claim, "replayed" if well else None, f"run {done.run_id}" if done else "")
    assert done is not None
    return done, len(letters)


def end_lost_claims(project: Project) -> None:
    """Settle the claims of replays whose process is gone: replayed when their run had ended well, else open again."""
    for run_id, node, claim in project.store.letters.claims():
        if not is_dead(json.loads(claim)):
            continue
        made = project.store.runs.replaying(claim)
        well = made is not None and made.status in ENDED_WELL
        reason = f"run {made.id}" if made is not None else ""
        project.store.letters.resolve(run_id, node, claim, "replayed" if well else None, reason)


def _params(project: Project, pipeline: Pipeline, run_id: str) -> dict[str, str]:
    """Return what the refusing run was given, as far as the pipeline still asks for it; lists are kept as texts only."""
    given = project.store.runs.get(run_id).params
    wanted = {name for name, param in pipeline.params.items() if param.type != "list"}
    return {name: str(value) for name, value in given.items() if name in wanted and value != "None"}


def _open_letters(
    project: Project, run_id: str, node: str, numbers: Collection[int] | None
) -> Sequence[Mapping[str, Any]]:
    known = project.store.letters.show(run_id, node, MOST, exact=True)
    if numbers is not None:
        there = {letter["number"] for letter in known}
        unknown = sorted(set(numbers) - there)
        if unknown:
            what = f"run {run_id} has no dead letter {unknown[0]} of {node}"
            raise AuthoringError("RNL-LETTER-004", what, f"`runnel dead-letters show {run_id} {node}` shows them.")
    found = [
        letter for letter in known if letter["state"] == "open" and (numbers is None or letter["number"] in numbers)
    ]
    if not found:
        raise _nothing_open(run_id, node, numbers)
    return found


def _nothing_open(run_id: str, node: str, numbers: Collection[int] | None) -> AuthoringError:
    which = "" if numbers is None else f" with the number {', '.join(map(str, sorted(numbers)))}"
    hint = "`runnel dead-letters list` shows what is open; records beyond the budget are counted but not stored."
    return AuthoringError("RNL-LETTER-002", f"run {run_id} has no open stored dead letters of {node}{which}", hint)


def _keep_version(project: Project, document: Document, compiled: Compiled, text: str) -> None:
    """Keep the pipeline as it stands: the run of a replay names this version, not one with the records in it."""
    assert document.pipeline is not None
    plan = compiled.plan(None)
    project.store.versions.put(plan.pipeline, text, plan.version, document.pipeline)


def _entering(
    pipeline: Pipeline, compiled: Compiled, node: str, letters: Sequence[Mapping[str, Any]], folder: str
) -> Pipeline:
    nodes = dict(pipeline.nodes)
    doc = nodes[node]
    if not doc.wires:
        nodes[node] = dataclasses.replace(doc, config=_reading_again(compiled, node, letters, folder))
    else:
        wire = _wire_of(doc, compiled, letters)
        schema = _schema(compiled, wire)
        entry = _free_name(f"{node}-replayed", nodes)
        path = _rows_file(letters, schema, folder)
        nodes[entry] = NodeDoc(entry, "source.file", {"path": path, "format": "ndjson", "columns": dict(schema)})
        wires = tuple(Wire(entry, None, wire.port) if each is wire else each for each in doc.wires)
        nodes[node] = dataclasses.replace(doc, wires=wires)
    return dataclasses.replace(pipeline, nodes=_reached(nodes, node), tests=())


def _reading_again(
    compiled: Compiled, node: str, letters: Sequence[Mapping[str, Any]], folder: str
) -> Mapping[str, Any]:
    """Return the config with which a source reads the refused records, which it writes into a folder."""
    graph_node = compiled.graph.nodes[node]
    source = graph_node.node(graph_node.config, {}, node)
    assert isinstance(source, Source)
    if any("raw" not in letter for letter in letters):
        raise AuthoringError("RNL-LETTER-005", f"the refused records of {node} were kept without their bytes")
    typed = compiled.typed[node]
    columns = next(iter(typed.schemas.values()))
    assert typed.probe is not None
    records = [base64.b64decode(letter["raw"]).rstrip(b"\r\n") for letter in letters]
    return source.replay(records, typed.probe, columns, folder)


def _wire_of(doc: NodeDoc, compiled: Compiled, letters: Sequence[Mapping[str, Any]]) -> Wire:
    """Return the wire over which the rows came: the first whose columns they have."""
    names = set(letters[0]["row"])
    for wire in doc.wires:
        if len(doc.wires) == 1 or names <= set(_schema(compiled, wire)):
            return wire
    what = f"the refused rows of {doc.id} have other columns than its inputs have now: {', '.join(sorted(names))}"
    raise AuthoringError("RNL-LETTER-006", what, "Replay through a pipeline in which the node gets these columns.")


def _schema(compiled: Compiled, wire: Wire) -> Mapping[str, str]:
    source = compiled.typed[wire.node]
    return source.schemas.get(wire.output or next(iter(source.schemas)), {})


def _rows_file(letters: Sequence[Mapping[str, Any]], schema: Mapping[str, str], folder: str) -> str:
    """Write the rows as JSON with every digit: data in a pipeline's config would be read as a config."""
    path = os.path.join(folder, "rows.ndjson")
    with open(path, "w", encoding="utf-8", errors="surrogatepass") as file:
        for letter in letters:
            row = json.loads(letter["row_text"], parse_float=Decimal)
            # A reader of JSON takes numbers for doubles on their way to DECIMAL; texts keep their digits.
            parts = (f"{json.dumps(name)}: {_json(row[name], 'DECIMAL' in schema.get(name, ''))}" for name in row)
            file.write("{" + ", ".join(parts) + "}\n")
    return path


def _json(value: Any, quoted: bool) -> str:
    """Return the JSON of a value with the digits of every number, those with a fraction as texts if wanted."""
    if isinstance(value, Decimal):
        return f'"{value}"' if quoted else str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {_json(part, quoted)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_json(part, quoted) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _free_name(name: str, nodes: Collection[str]) -> str:
    number, found = 1, name
    while found in nodes:
        number += 1
        found = f"{name}-{number}"
    return found


def _reached(nodes: dict[str, NodeDoc], start: str) -> dict[str, NodeDoc]:
    """Keep the nodes that the replayed rows reach, and what those need besides; sinks elsewhere stay untouched."""
    after = {start}
    changed = True
    while changed:
        found = {id for id, doc in nodes.items() if any(wire.node in after for wire in doc.wires)}
        changed = not found <= after
        after |= found
    needed = set(after)
    stack = list(after)
    while stack:
        for wire in nodes[stack.pop()].wires:
            if wire.node not in needed:
                needed.add(wire.node)
                stack.append(wire.node)
    return {
        id: dataclasses.replace(doc, after=tuple(other for other in doc.after if other in needed))
        for id, doc in nodes.items() if id in needed
    }  # fmt: skip
