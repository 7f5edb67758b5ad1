"""What every call of the desk works with: the project, the way to tell events, and the runs that are under way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from runnel.app.desk.held import outputs_of
from runnel.app.pipelines import Document, InvalidPipelineError, compiled, read, read_text, runnable
from runnel.app.project import Project
from runnel.app.streams.supervising import StreamSupervisor
from runnel.compiler.compile import Compiled
from runnel.errors import AuthoringError
from runnel.model.findings import has_errors

Tell = Callable[[Mapping[str, Any]], None]
MOST_TRACES = 4
"""How many questions for the records of rows are open at once: one is answered, the others wait, which takes a thread."""


class DeskContext:
    """One project with what is going on in it."""

    def __init__(self, project: Project, tell: Tell) -> None:
        self.project = project
        self._tell = tell
        self.compiling = threading.Lock()
        self.running: dict[str, threading.Thread] = {}
        self.tracing = threading.Lock()
        """Held by who traces rows: each trace may use the memory of a worker, and reads sources under one name."""
        self.trace_seats = threading.BoundedSemaphore(MOST_TRACES)
        self._streams: StreamSupervisor | None = None

    def tell(self, topic: str, type: str, data: Mapping[str, Any]) -> None:
        """Send an event to the server."""
        self._tell({"topic": topic, "type": type, "data": data})

    @property
    def streams(self) -> StreamSupervisor:
        """The streams that run here."""
        if self._streams is None:
            self._streams = StreamSupervisor(self.project, self.tell)
        return self._streams

    def close(self) -> None:
        """End the streams in order."""
        if self._streams is not None:
            self._streams.close()

    def document(self, payload: Mapping[str, Any]) -> Document:
        """Return the document that a payload means: `text` as if it stood in `folder`, or the file at `path`."""
        if payload.get("text") is not None:
            made = read_text(str(payload["text"]), str(payload.get("folder") or self.project.root))
            return Document(made.pipeline, made.findings, made.folder, payload.get("path"), made.text)
        if payload.get("path"):
            return read(Path(str(payload["path"])))
        raise AuthoringError("RNL-DESK-001", "a question to the desk names no pipeline", "Give `text` or `path`.")

    def compiled(self, payload: Mapping[str, Any]) -> Compiled:
        """Compile the document that a payload means; findings are values."""
        document = self.document(payload)
        with self.compiling:
            return compiled(self.project, document, payload.get("params"))

    def runnable(self, payload: Mapping[str, Any]) -> Compiled:
        """Compile the document that a payload means; raises InvalidPipelineError when it has errors."""
        document = self.document(payload)
        with self.compiling:
            return runnable(self.project, document, payload.get("params"))

    def sound(self, payload: Mapping[str, Any], node: str) -> Compiled:
        """Compile a document of which at least a node and what stands before it must be right."""
        made = self.compiled(payload)
        inner = {port[0] for port in outputs_of(made, node).values()} if node in made.graph.shells else {node}
        if node not in made.graph.nodes and node not in made.graph.shells:
            if has_errors(made.findings):
                raise InvalidPipelineError(made.findings)
        elif not inner <= sound_nodes(made):
            before = made.graph.ancestors(node)
            bad = tuple(found for found in made.findings if found.severity == "error" and found.where.node in before)
            raise InvalidPipelineError(bad or tuple(made.findings))
        return made


def sound_nodes(made: Compiled) -> frozenset[str]:
    """Return the nodes that are right with all that stands before them, so that their rows can be asked for."""
    wrong = {found.where.node for found in made.findings if found.severity == "error"} | made.graph.waiting
    sound: set[str] = set()
    for id in made.graph.nodes:
        typed = id in made.typed and not made.typed[id].broken and _typed(made, id)
        if typed and id not in wrong and all(edge.source in sound for edge in made.graph.into(id)):
            sound.add(id)
    return frozenset(sound)


def _typed(made: Compiled, id: str) -> bool:
    """Whether a node's outputs have types (a sink has none)."""
    return bool(made.typed[id].schemas) or not made.graph.nodes[id].ports.outputs
