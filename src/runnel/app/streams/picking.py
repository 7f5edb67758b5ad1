"""How rows are picked whose records are asked for: a row as it is seen becomes an expression that is true of its equals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runnel.app.filtering import condition
from runnel.app.streams.accounting import compiled_of
from runnel.app.streams.equals import quoted, same
from runnel.app.streams.telling import found
from runnel.app.streams.tracing import Wanted, trace
from runnel.compiler.expressions.references import Values
from runnel.errors import AuthoringError
from runnel.store.tracing import incarnations

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.store.streams import StreamStore

LEFT_OUT = ("STRUCT", "MAP", "UNION", "BLOB", "BIT", "INTERVAL", "JSON", "VARIANT", "GEOMETRY")
"""Types whose values as they are shown do not tell which rows are equal to them."""
NEWEST = 2**62


def trace_picked(
    project: Project, store: StreamStore, name: str, wanted: Wanted, row: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return rows with their records (see `tracing.trace`): those equal to `row`, else those that `wanted.where` picks.

    Both are checked against the columns of the dataset, or of what comes to the sink, before a process is opened. Raises
    AuthoringError, and InvalidPipelineError with the findings for an expression that is wrong.
    """
    columns = _columns(project, store, name, wanted)
    where = condition(project, wanted.where, columns, Values()) if row is None else where_of(row, columns)
    asked = Wanted(where, wanted.dataset, wanted.sink, wanted.first, wanted.last, wanted.limit)
    try:
        return trace(project, store, name, asked)
    except AuthoringError as error:
        if error.code == "RNL-STREAM-066":
            hint = "The rows that were given to it can be traced: ask for its `sink`, with `epoch` and `to`."
            raise AuthoringError(error.code, error.what, hint, error.where) from error
        if error.code != "RNL-STREAM-061":
            raise
        picked = "is equal to the row that was given" if row is not None else f"is picked by `{wanted.where}`"
        hint = "It may have been replaced since; load the rows again." if row is not None else error.hint
        raise AuthoringError(error.code, f"no row of {wanted.dataset} {picked}", hint) from error


def where_of(row: Mapping[str, Any], columns: Mapping[str, str]) -> str:
    """Return what is true (SQL) of rows equal to a row, whose values are those of its JSON; `columns` are names and types.

    Columns of lists, structures and bytes are left out, and those that the row does not have. Raises AuthoringError for
    columns that there are not, and where no column is left.
    """
    unknown = next((name for name in row if name not in columns), None)
    if unknown is not None:
        raise AuthoringError("RNL-COLUMN-001", f"there is no column `{unknown}` to look at", f"Columns: {', '.join(columns)}.")
    tests = [
        f"{quoted(name)} IS NULL" if value is None else same(quoted(name), columns[name], value)
        for name, value in row.items()
        if value is None or not (columns[name].endswith("]") or columns[name].startswith(LEFT_OUT))
    ]
    if not tests:
        what = "the row has no value by which it could be found"
        raise AuthoringError("RNL-STREAM-071", what, "Give one with numbers, text or times, or `where` instead.")
    return " AND ".join(tests)


def streams_of(project: Project, store: StreamStore, dataset: str) -> list[str]:
    """Return the streams that wrote the newest rows of a dataset, as its log and the kept boundaries tell."""
    written = incarnations(project.store.datasets.place(dataset))
    return [
        item["name"] for item in (store.list() if written else ())
        if any(one == item["incarnation"] or store.boundary(item["name"], one, NEWEST) is not None for one in written)
    ]  # fmt: skip


def _columns(project: Project, store: StreamStore, name: str, wanted: Wanted) -> Mapping[str, str]:
    """Return the columns (name → DuckDB type) of the dataset, or of the rows that come to the sink."""
    record = found(store, name)
    if wanted.dataset is not None:
        return project.store.datasets.files(wanted.dataset)[1]
    compiled = compiled_of(project, record)
    if wanted.sink not in compiled.graph.nodes:
        sinks = ", ".join(effect.node for effect in compiled.stream_plan().plan.effects)
        raise AuthoringError("RNL-STREAM-047", f"the stream has no sink `{wanted.sink}`", f"Sinks: {sinks}.")
    return {
        name: type
        for edge in compiled.graph.into(str(wanted.sink))
        for name, type in compiled.typed[edge.source].schemas[edge.output].items()
    }
