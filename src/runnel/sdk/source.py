"""Sources and sinks: the two kinds of nodes that touch the outside; their code runs in the sandboxed worker only."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from runnel.errors import AuthoringError
from runnel.model.findings import Finding
from runnel.sdk.node import Ledger, Node, Streaming


@dataclass(frozen=True)
class Probe:
    """What a look at the outside found: columns (name → DuckDB type), resolved options, and what to say aloud.

    `options` are plain JSON values and go into the plan; `identity` changes whenever the content may have changed;
    `notes` are sentences for the person ("; as separator, Latin-1, header in line 5").
    """

    columns: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    identity: str = ""
    files: tuple[str, ...] = ()
    bytes: int = 0
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that is kept in the sniff cache and in the plan."""
        return {
            "columns": dict(self.columns),
            "options": dict(self.options),
            "identity": self.identity,
            "files": list(self.files),
            "bytes": self.bytes,
            "notes": list(self.notes),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Probe:
        """Read the JSON form."""
        return Probe(
            columns=dict(data["columns"]),
            options=dict(data["options"]),
            identity=str(data["identity"]),
            files=tuple(data["files"]),
            bytes=int(data["bytes"]),
            notes=tuple(data["notes"]),
        )


class DeadLetters(Protocol):
    """Where refused records go. Counting never stops; storing stops at a byte budget. Called from the worker."""

    def add(self, raw: bytes, reason: str, position: Mapping[str, Any]) -> None:
        """Refuse one record: its bytes as they stood, why, and where (`file`, `line`, `byte`, `column`)."""
        ...


class Connection(Protocol):
    """The part of a DuckDB connection that sources and sinks use."""

    def execute(self, query: str, parameters: Any = None) -> Any:
        """Run a statement."""
        ...

    def sql(self, query: str) -> Any:
        """Return a relation of a query."""
        ...

    def register(self, view_name: str, python_object: Any) -> Any:
        """Register Arrow data as a view."""
        ...


@dataclass(frozen=True)
class Opened:
    """A source that is ready to be read: `sql` stands in a FROM clause and yields the wanted columns.

    `rows` is the exact number of rows that `sql` yields, where the format knows it without reading (Parquet); then
    the scan needs no counter and filters may sink into it. `bytes` is how many bytes of files the reader goes through,
    about; progress is told by it.
    """

    sql: str
    rows: int | None = None
    bytes: int | None = None


class Source(Node):
    """A node without inputs that reads the outside.

    `probe` and `open` run in the worker, with exactly the paths granted that `reads` names. The sequence is
    `probe` (cached by the identity of what is read), then per run `open`, the query, `finish`. In a worker `granted`
    holds the paths that `reads` gave to the supervisor. `lenient` columns are decoded for a preview only: a value of
    them that does not fit its type is NULL, and refuses nothing.
    """

    granted: Sequence[str] | None = None
    lenient: frozenset[str] = frozenset()

    ledger: ClassVar[Ledger] = Ledger.SOURCE
    streaming: ClassVar[Streaming] = Streaming.BOUNDED
    group: ClassVar[str] = "sources"

    def reads(self, folder: str) -> Sequence[str]:
        """Return the absolute paths (globs expanded) that the worker must be able to read."""
        return ()

    def identity(self, folder: str) -> str:
        """Return a text that changes when the content may have changed (paths, inode, size, time); cheap."""
        return ""

    def shown(self) -> str:
        """Return the table expression that stands for the source in readable SQL."""
        return '"' + self.id.replace('"', '""') + '"'

    def probe(self, connection: Connection, folder: str) -> Probe:
        """Find columns, types and options; must not read more than it needs."""
        raise NotImplementedError

    def keeping(self, probe: Probe) -> Mapping[str, Any]:
        """Return settings (field → plain JSON value) that the look found and that reading the same types again needs.

        Called by the supervisor after every probe, for a source with a field `columns`: kept with the run, they go with
        the old types into the config when the setting `schema: dead_letter` holds a source to them.
        """
        return {}

    def refusing(self, probe: Probe) -> str:
        """Say how records that do not fit given types are refused where that is not one by one with their bytes."""
        return ""

    def open(
        self, connection: Connection, probe: Probe, columns: Mapping[str, str], letters: DeadLetters
    ) -> Opened:
        """Make the source readable; only `columns` are decoded."""
        raise NotImplementedError

    def finish(self, connection: Connection, probe: Probe, letters: DeadLetters) -> None:
        """Harvest what the reader refused; called once, after the query ended well."""

    def replay(self, records: Sequence[bytes], probe: Probe, columns: Mapping[str, str], folder: str) -> Mapping[str, Any]:
        """Write refused records (their raw bytes) into a folder and return the config with which they are read again.

        Called in the supervisor, which must not parse them. `columns` are the source's names and types. By default a
        source cannot do it: AuthoringError.
        """
        what = f"the refused records of {self.id} cannot be read again one by one"
        raise AuthoringError("RNL-LETTER-005", what, "Correct what it reads, and run the pipeline again.")


@dataclass(frozen=True)
class Written:
    """What a sink wrote: rows as the write itself reports them, and the staged path or the dataset's version."""

    rows: int
    path: str | None = None
    dataset: str | None = None
    version: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """What a sink writes: an absolute path or another unique name, the field that says so, and whether it only adds."""

    name: str
    field: str
    adds: bool = False


class Sink(Node):
    """A node without outputs that writes the outside, in two steps: `stage` in the worker, then `commit`.

    `stage` writes into a staging folder only; `commit` runs in the supervisor after every segment of the run went
    well, and makes the result visible atomically. A run that is killed before leaves no trace.
    """

    ledger: ClassVar[Ledger] = Ledger.SINK
    streaming: ClassVar[Streaming] = Streaming.STATELESS
    outputs: ClassVar[tuple[str, ...]] = ()
    group: ClassVar[str] = "outputs"
    guarantee: ClassVar[str] = "exactly_once"

    def target(self, folder: str) -> Target | None:
        """Return what is written; two sinks of one pipeline may name the same only where both just add to it."""
        return None

    def stage(self, connection: Connection, query: str, staging: str, types: Mapping[str, str]) -> Written:
        """Write the rows of `query` into the folder `staging`; returns what was written. Runs in the worker."""
        raise NotImplementedError

    def commit(self, staged: Written, staging: str, context: SinkContext) -> Written:
        """Make the staged result visible; must be atomic and idempotent for the same run. Runs in the supervisor."""
        raise NotImplementedError


@dataclass(frozen=True)
class SinkContext:
    """What a commit may use: the pipeline's folder, the run's id, and the datasets of the project."""

    folder: str
    run_id: str
    datasets: Datasets
    pipeline: str = ""


class Datasets(Protocol):
    """Named, versioned tables that pipelines publish; implemented by the store."""

    def publish(
        self,
        name: str,
        parquet: Sequence[str],
        mode: str,
        key: Sequence[str],
        run_id: str,
        types: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Append, replace or upsert the rows of Parquet files; idempotent per run. Returns rows and version."""
        ...

    def files(self, name: str, version: int | None = None) -> tuple[Sequence[str], Mapping[str, str], int]:
        """Return the Parquet files, the columns (name → DuckDB type) and the version of a dataset."""
        ...
