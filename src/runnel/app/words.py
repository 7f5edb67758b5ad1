"""A pipeline in plain words: what it reads, does and gives, one clause per node, from titles and descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runnel.model.describing import title
from runnel.sdk.chart import Chart
from runnel.sdk.source import Sink, Source

if TYPE_CHECKING:
    from runnel.compiler.compile import Compiled


def pipeline_in_words(made: Compiled) -> list[dict[str, str]]:
    """Return the clauses in the order of the flow, each with the node that it is about."""
    clauses: list[dict[str, str]] = []
    for id, node in made.graph.nodes.items():
        doc = made.pipeline.nodes.get(id)
        if doc is None or node.muted:
            continue
        said = node.node.describe(node.config)
        if issubclass(node.node, Source):
            text = f"reads {said}"
        elif issubclass(node.node, Sink):
            text = f"writes {said}"
        elif issubclass(node.node, Chart):
            text = f"draws {doc.title or said}"
        else:
            text = _done(node.node.title, said)
        clauses.append({"node": id, "title": title(doc), "text": text})
    return clauses


def sentence(clauses: list[dict[str, str]]) -> str:
    """Return the clauses as one sentence; empty for a pipeline without nodes."""
    if not clauses:
        return ""
    text = ", ".join(clause["text"] for clause in clauses)
    return f"{text[:1].upper()}{text[1:]}."


def _done(name: str, said: str) -> str:
    verb = name[:1].lower() + name[1:]
    return verb if said.lower() in (verb, name.lower()) else f"{verb} ({said})"
