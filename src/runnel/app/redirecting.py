"""`-i NODE=FILE` and `-o NODE=FILE`: a node is replaced by a file, or its rows are written to one."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from runnel.app.pipelines import Document
from runnel.errors import AuthoringError
from runnel.model.document import NodeDoc, Pipeline, Wire
from runnel.model.saving import to_yaml

if TYPE_CHECKING:
    from runnel.app.project import Project


@dataclass
class Redirection:
    """A document with replaced ends; `deliver` prints what goes to standard output."""

    document: Document
    printed: list[Path] = field(default_factory=list)

    def deliver(self) -> None:
        """Copy results that were asked for with `-o NODE=-` to standard output."""
        for file in self.printed:
            if file.exists():
                with file.open("rb") as handle:
                    shutil.copyfileobj(handle, sys.stdout.buffer)
        sys.stdout.flush()


@contextmanager
def redirected(
    project: Project, document: Document, inputs: Sequence[str], outputs: Sequence[str]
) -> Iterator[Redirection]:
    """Replace and add nodes as `-i` and `-o` say; files of standard input and output live as long as the context."""
    if document.pipeline is None or not (inputs or outputs):
        yield Redirection(document)
        return
    folder = Path(tempfile.mkdtemp(dir=project.scratch))
    try:
        pipeline = document.pipeline
        printed: list[Path] = []
        for pair in inputs:
            pipeline = _with_input(pipeline, *_pair(pair, "-i"), folder)
        for pair in outputs:
            node, file = _pair(pair, "-o")
            pipeline = _with_output(pipeline, node, file, folder, printed)
        yield Redirection(replace(document, pipeline=pipeline, text=to_yaml(pipeline)), printed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pair(text: str, flag: str) -> tuple[str, str]:
    node, sign, file = text.partition("=")
    if not sign:
        return "", text
    if not node or not file:
        raise AuthoringError("RNL-CLI-002", f"`{flag} {text}` names no node or no file", f"Write `{flag} NODE=FILE`.")
    return node, file


def _with_input(pipeline: Pipeline, node: str, file: str, folder: Path) -> Pipeline:
    name = node or _only(pipeline, first=True)
    if name not in pipeline.nodes:
        hint = f"Nodes: {', '.join(pipeline.nodes)}."
        raise AuthoringError("RNL-GRAPH-005", f"there is no node `{name}` to read in place of", hint)
    path = str(Path(file).resolve())
    if file == "-":
        path = str(folder / f"stdin-{name}")
        with open(path, "wb") as handle:
            shutil.copyfileobj(sys.stdin.buffer, handle)
    made = NodeDoc(id=name, kind="source.file", config={"path": path})
    return replace(pipeline, nodes={**pipeline.nodes, name: made})


def _with_output(pipeline: Pipeline, node: str, file: str, folder: Path, printed: list[Path]) -> Pipeline:
    ref = node or _only(pipeline, first=False)
    target, _, port = ref.partition(".")
    path = Path(file).resolve()
    if file == "-":
        path = folder / f"stdout-{len(printed)}.csv"
        printed.append(path)
    name = f"output-{len(pipeline.nodes)}"
    found = pipeline.nodes.get(target)
    if found is not None and found.kind == "sink.file" and found.wires:
        made = replace(found, config={**found.config, "path": str(path)})
        return replace(pipeline, nodes={**pipeline.nodes, target: made})
    wire = Wire(target, port or None)
    made = NodeDoc(id=name, kind="sink.file", config={"path": str(path)}, wires=(wire,))
    return replace(pipeline, nodes={**pipeline.nodes, name: made})


def _only(pipeline: Pipeline, first: bool) -> str:
    """Return the only source, or the only node that nothing reads from."""
    if first:
        found = [node.id for node in pipeline.nodes.values() if not node.wires]
    else:
        read = {wire.node for node in pipeline.nodes.values() for wire in node.wires}
        found = [node.id for node in pipeline.nodes.values() if node.id not in read]
    if len(found) != 1:
        flag = "-i" if first else "-o"
        raise AuthoringError("RNL-CLI-002", f"`{flag} FILE` is ambiguous here", f"Name one of {', '.join(found)}.")
    return found[0]
