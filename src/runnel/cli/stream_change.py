"""A stream that goes on with its changed pipeline, on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runnel.cli.session import project_of

if TYPE_CHECKING:
    from runnel.cli.output import Output

NOUNS = {
    "renamed": "renamed", "changed": "its state does not fit", "gone": "its state has no node any more",
    "mixed": "its state is kept, and holds rows of both versions", "waiting": "rows wait for it, and it is gone",
    "sources_begun": "is read from its beginning", "sources_left": "is read no more",
}  # fmt: skip


def looked_at(name: str, path: str) -> dict[str, Any]:
    """Return what the file of a stream means for what the stream holds; raises InvalidPipelineError."""
    from runnel.app.pipelines import read
    from runnel.app.streams.changing import ANYTHING, prepared
    from runnel.app.streams.telling import found, rows_of

    with project_of(None) as project:
        store = rows_of(project)
        try:
            record = found(store, name)
            return prepared(project, record, read(path), record["params"] or {}, ANYTHING).to_json()
        finally:
            store.close()


def decided(name: str, path: str, state: str, discard: bool) -> None:
    """Keep what becomes of what a stopped stream holds, for its next start; raises AuthoringError where a choice is missing."""
    from runnel.app.pipelines import read, runnable
    from runnel.app.streams.changing import Choice, keep_savepoint, look, switch_of
    from runnel.app.streams.telling import found, rows_of

    with project_of(None) as project:
        store = rows_of(project)
        try:
            record, document = found(store, name), read(path)
            plan = runnable(project, document, record["params"] or {}).stream_plan()
            outlook = look(project, record, document, plan)
            switch = switch_of(record, outlook, plan, Choice.of({"state": state, "discard": discard}))
            keep_savepoint(store, name)
            store.acts.switch(name, record["incarnation"], {"to": plan.plan.version, "switch": switch.to_json()})
        finally:
            store.close()


def show(output: Output, outlook: dict[str, Any]) -> None:
    """Print what a change means, a line for each node that it concerns."""
    if not outlook["switches"]:
        output.note("the stream was made by a pipeline of the same meaning")
    for key, words in NOUNS.items():
        for one in _items(outlook[key]):
            output.note(f"{one}: {words}")


def _items(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{node} ({what})" for node, what in value.items()]
    return [f"{one['node']} ({one['rows']:,} rows)" if isinstance(one, dict) else str(one) for one in value]
