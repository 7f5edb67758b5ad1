"""A stream that is deleted on the command line, which the audit log has, and what would go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runnel.cli.session import project_of

if TYPE_CHECKING:
    from runnel.app.streams.removing import Goes
    from runnel.cli.output import Output


def look(output: Output, name: str, json: bool) -> None:
    """Say what would go with a stream."""
    from runnel.app.streams.removing import what_goes
    from runnel.app.streams.telling import rows_of

    with project_of(None) as project:
        store = rows_of(project)
        goes = what_goes(project, store, name)
        store.close()
    output.result(goes.to_json()) if json else _show(output, goes)


def delete(output: Output, name: str, discard: bool, keep_outside: bool, json: bool) -> None:
    """Delete a stream that does not run."""
    from runnel.app.access.principals import CONSOLE
    from runnel.app.access.services import Access
    from runnel.app.streams.removing import remove
    from runnel.app.streams.telling import rows_of

    with project_of(None) as project:
        store = rows_of(project)
        made = remove(project, store, name, discard, keep_outside)
        store.close()
        Access.open(project.store, project.environ, project.clock).trail.write(
            CONSOLE, "streams.delete_stream", "stream", name, before=made
        )
    if json:
        output.result(made)
        return
    output.text(f"{name}: deleted")
    for node, what in made["kept_outside"].items():
        output.warn(f"{node}: {what} is still there")


def _show(output: Output, goes: Goes) -> None:
    if goes.runs:
        output.warn(f"the stream runs; stop it first: runnel stream stop {goes.name}")
    for words in goes.lost:
        output.warn(f"would be lost: {words}")
    for node, what in goes.holds.items():
        output.note(f"{node}: {what} goes")
    for label in goes.savepoints:
        output.note(f"savepoint {label} goes")
    if goes.trouble:
        output.warn(f"what its sources hold is not known: {goes.trouble}")
    output.note(f"{goes.bytes:,} bytes of state and history go; datasets, files and tables stay")
