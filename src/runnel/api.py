"""The Python API: the same pipelines as in files, loaded or built step by step, checked, previewed and run."""

from __future__ import annotations

import atexit
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app import pipelines, previews
from runnel.app.project import Project
from runnel.app.writing import atomic_write
from runnel.errors import AuthoringError
from runnel.model.document import NodeDoc, TestDoc, Wire
from runnel.model.document import Pipeline as Document
from runnel.model.findings import Finding
from runnel.model.loading import from_mapping
from runnel.model.saving import to_mapping, to_yaml

if TYPE_CHECKING:
    import pyarrow

    from runnel.app.runs import RunReport
    from runnel.runtime.ledger import Ledger

_PROJECTS: dict[Path, Project] = {}


def _project(folder: Path) -> Project:
    """Return the project of a folder; it stays open until Python ends, with its workers warm."""
    if folder not in _PROJECTS:
        if not _PROJECTS:
            atexit.register(_close_all)
        _PROJECTS[folder] = Project(folder)
    return _PROJECTS[folder]


def _close_all() -> None:
    for project in _PROJECTS.values():
        project.close()
    _PROJECTS.clear()


def load(path: str | Path) -> Pipeline:
    """Load a pipeline file. Raises AuthoringError with the first problem when it cannot be read."""
    document = pipelines.read(path)
    if document.pipeline is None:
        raise pipelines.InvalidPipelineError(document.findings)
    made = Pipeline(document.pipeline.name, folder=document.folder)
    made._document = document.pipeline
    made._findings = document.findings
    return made


@dataclasses.dataclass(frozen=True)
class Node:
    """A node of a pipeline under construction; pass it (or `node.port("rest")`) as the input of others."""

    id: str
    output: str | None = None

    def port(self, name: str) -> Node:
        """Return another output port of the node."""
        return Node(self.id, name)

    def __str__(self) -> str:
        return self.id if self.output is None else f"{self.id}.{self.output}"


@dataclasses.dataclass(frozen=True)
class Preview:
    """The first rows of a port: column names and types, rows, and how many there are in all."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Any, ...], ...]
    total_rows: int
    complete: bool

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as mappings."""
        names = [name for name, _ in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def _repr_html_(self) -> str:
        from runnel.app.notebooks import preview_html

        return preview_html(self.columns, self.rows, self.total_rows)


class Pipeline:
    """A pipeline: built with `add`, or loaded from a file; the document behind both is the same."""

    def __init__(self, name: str, *, title: str | None = None, folder: str | Path = ".") -> None:
        self._document = Document(name=name, title=title)
        self._findings: tuple[Finding, ...] = ()
        self.folder = Path(folder).resolve()

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self._document.name

    @property
    def document(self) -> Document:
        """The document as a frozen value."""
        return self._document

    @property
    def nodes(self) -> tuple[str, ...]:
        """The ids of the nodes, in order."""
        return tuple(self._document.nodes)

    def param(self, name: str, type: str = "string", default: Any = None, description: str = "") -> Pipeline:
        """Declare a parameter; returns the pipeline."""
        data = to_mapping(self._document)
        declared: dict[str, Any] = {"type": type}
        if default is not None:
            declared["default"] = default
        if description:
            declared["description"] = description
        data.setdefault("params", {})[name] = declared
        return self._replace(data)

    def settings(self, **settings: Any) -> Pipeline:
        """Set `counts`, `decode`, `memory`, `timeout_seconds`, `seed`, `dead_letters` …; returns the pipeline."""
        data = to_mapping(self._document)
        data.setdefault("settings", {}).update(settings)
        return self._replace(data)

    def add(self, kind: str, id: str | None = None, *, from_: Any = None, after: Sequence[str] = (),
            title: str | None = None, muted: bool = False, **config: Any) -> Node:  # fmt: skip
        """Add a node and return it.

        `from_` is a node, a list of nodes, or a mapping of input port → node(s); `config` are the kind's settings.
        The id is made from the kind when none is given.
        """
        name = id or _free(kind.rpartition(".")[2], self._document.nodes)
        if name in self._document.nodes:
            raise AuthoringError("RNL-DOC-020", f"there is a node `{name}` already", "Give the new one another id.")
        made = NodeDoc(name, kind, config, tuple(_wires(from_)), tuple(after), title, muted)
        self._document = dataclasses.replace(self._document, nodes={**self._document.nodes, name: made})
        return Node(name)

    def test(self, name: str, given: Mapping[str, Any], expect: Mapping[str, Any]) -> Pipeline:
        """Add a test of the pipeline; returns the pipeline."""
        made = TestDoc(name, _rows(given), _rows(expect))
        self._document = dataclasses.replace(self._document, tests=(*self._document.tests, made))
        return self

    def validate(self, params: Mapping[str, Any] | None = None) -> tuple[Finding, ...]:
        """Return every finding; nothing is run."""
        return pipelines.findings_of(self._open(), self._as_document(), params)

    def schema(self, ref: str | Node | None = None, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the columns of every port, or (column → type) of one port."""
        compiled = pipelines.compiled(self._open(), self._as_document(), params)
        if ref is None:
            return pipelines.schema(compiled)["nodes"]
        node, port = pipelines.port_of(compiled, str(ref))
        return dict(compiled.typed[node].schemas.get(port, {}))

    def preview(self, ref: str | Node, limit: int = 100, params: Mapping[str, Any] | None = None) -> Preview:
        """Return the first rows of a port."""
        project = self._open()
        compiled = pipelines.runnable(project, self._as_document(), params)
        made = previews.preview(project, compiled, pipelines.port_of(compiled, str(ref)), limit)
        columns = tuple((column["name"], column["type"]) for column in made["columns"])
        rows = tuple(previews.plain_rows([type for _, type in columns], made["rows"]))
        return Preview(columns, rows, made["total_rows"], made["complete"])

    def sql(self, ref: str | Node | None = None, dialect: str = "duckdb") -> str:
        """Return the SQL of a node."""
        compiled = pipelines.runnable(self._open(), self._as_document())
        return str(pipelines.sql(compiled, str(ref) if ref is not None else None, dialect)["sql"])

    def lineage(self, column: str) -> dict[str, Any]:
        """Return where the values of `node.column` come from."""
        return pipelines.lineage(pipelines.runnable(self._open(), self._as_document()), column)

    def run(self, params: Mapping[str, Any] | None = None, cache: bool = True, to: str | Node | None = None,
            dry_run: bool = False, sample: int | None = None) -> Result:  # fmt: skip
        """Run the pipeline; raises InvalidPipelineError when it cannot run, and returns a failed result otherwise."""
        from runnel.app.runs import RunOptions, run

        options = RunOptions(params or {}, str(to) if to is not None else None, dry_run, sample, cache)
        return Result(self._open(), run(self._open(), self._as_document(), options))

    def to_yaml(self) -> str:
        """Return the text of the pipeline file."""
        return to_yaml(self._document)

    def save(self, path: str | Path) -> None:
        """Write the pipeline file."""
        atomic_write(Path(path), self.to_yaml())

    def _open(self) -> Project:
        return _project(self.folder)

    def _as_document(self) -> pipelines.Document:
        return pipelines.Document(self._document, self._findings, str(self.folder), None, self.to_yaml())

    def _replace(self, data: Mapping[str, Any]) -> Pipeline:
        made, findings = from_mapping(data)
        if made is None:
            raise pipelines.InvalidPipelineError(findings)
        self._document = made
        return self

    def _repr_html_(self) -> str:
        from runnel.app.notebooks import pipeline_html

        return pipeline_html(self._open(), self._as_document())

    def __repr__(self) -> str:
        return f"<Pipeline {self.name}: {len(self.nodes)} nodes>"


class Result:
    """How a run ended, with its ledger and its tables."""

    def __init__(self, project: Project, report: RunReport) -> None:
        self._project = project
        self.report = report

    @property
    def status(self) -> str:
        """success, warning (there are dead letters), failed or cancelled."""
        return self.report.status

    @property
    def ledger(self) -> Ledger:
        """The ledger; `.balanced`, `.entry(node)`, `.to_json()`."""
        return self.report.ledger

    @property
    def error(self) -> Any:
        """The error that ended the run, or None."""
        return self.report.result.error

    def to_json(self) -> dict[str, Any]:
        """Return what `runnel run --json` prints."""
        return self.report.to_json()

    def table(self, ref: str | Node) -> pyarrow.Table:
        """Return the rows of a port as an Arrow table; read from the run's results, computed where none was kept."""
        from runnel.app.tables import arrow_table

        return arrow_table(self._project, self.report, str(ref))

    def __repr__(self) -> str:
        return f"<Result {self.report.run_id}: {self.status}>"


def _free(word: str, taken: Mapping[str, Any]) -> str:
    number = 1
    name = word
    while name in taken:
        number += 1
        name = f"{word}_{number}"
    return name


def _wires(value: Any) -> list[Wire]:
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [dataclasses.replace(wire, port=str(port)) for port, item in value.items() for wire in _wires(item)]
    if isinstance(value, list | tuple):
        return [wire for item in value for wire in _wires(item)]
    node, _, output = str(value).partition(".")
    return [Wire(node, output or None)]


def _rows(data: Mapping[str, Any]) -> dict[str, tuple[Mapping[str, Any], ...]]:
    return {str(node): tuple(dict(row) for row in rows) for node, rows in data.items()}
