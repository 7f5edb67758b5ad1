"""`runnel dead-letters`: look at refused records, edit, replay, discard or export them."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of
from runnel.cli.stream_letters import (
    discarded_of_stream,
    edited_of_stream,
    exported_of_stream,
    is_stream,
    replayed_of_stream,
    shown_of_stream,
    stream_letters,
)

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Refused records: look, edit, replay, discard, export.")
JSON = typer.Option(False, "--json", help="Print one JSON document.")
RUN = typer.Argument(help="The run's id, or the beginning of it; or the name of a stream.")


@app.command("list", epilog="Example: runnel dead-letters list --pipeline orders")
def list_letters(pipeline: str = typer.Option(None, help="Only of this pipeline."), json: bool = JSON) -> None:
    """List how many records each node refused, per run."""
    output = current_output()
    with project_of(None) as project:
        found = project.store.letters.list(pipeline)
        streams = stream_letters(project, pipeline)
    if json:
        output.result({"dead_letters": found, "streams": streams})
        return
    rows = [
        [item["run_id"], item["pipeline"], item["node"], item["count"], item["open"], item["stored"]] for item in found
    ]
    rows += [[item["stream"], item["stream"], item["node"], item["count"], item["open"], item["count"]] for item in streams]
    output.table(["run or stream", "pipeline", "node", "refused", "open", "stored"], rows, right=[3, 4, 5])


@app.command("show", epilog="Example: runnel dead-letters show 01a1fc orders")
def show(
    run: str = RUN,
    node: str = typer.Argument(None, help="Only of this node."),
    limit: int = typer.Option(20, min=1, help="How many."),
    json: bool = JSON,
) -> None:
    """Show refused records with reason, position and raw bytes."""
    from runnel.app.letters import shown_raw

    output = current_output()
    with project_of(None) as project:
        if is_stream(project, run):
            id, found = run, shown_of_stream(project, run, node, limit)
        else:
            id = project.store.runs.get(run).id
            found = project.store.letters.show(id, node, limit)
    if json:
        output.result({"run_id": id, "letters": found})
        return
    for letter in found:
        place = ", ".join(f"{key} {value}" for key, value in (letter.get("position") or {}).items())
        place = f"epoch {letter['epoch']}, {place}" if "epoch" in letter else place
        output.text(
            f"#{letter['number']} {letter['node']} [{letter['state']}] {place}\n  {letter['reason']}\n  {shown_raw(letter)}"
        )


@app.command("discard", epilog="Example: runnel dead-letters discard 01a1fc orders --reason 'test data'")
def discard(
    run: str = RUN,
    node: str = typer.Argument(help="The node that refused them."),
    reason: str = typer.Option(..., help="Why they may go; kept with them."),
    json: bool = JSON,
) -> None:
    """Mark the open dead letters of a node as discarded."""
    output = current_output()
    with project_of(None) as project:
        if is_stream(project, run):
            id, count = run, discarded_of_stream(project, run, node, reason)
        else:
            id = project.store.runs.get(run).id
            count = project.store.letters.settle(id, node, "discarded", reason)
    if json:
        output.result({"run_id": id, "node": node, "discarded": count})
    else:
        output.text(f"{count} discarded")


@app.command("replay", epilog="Example: runnel dead-letters replay 01a1fc calc orders.runnel.yaml")
def replay(
    run: str = RUN,
    node: str = typer.Argument(help="The node that refused them."),
    file: str = typer.Argument(None, help="The pipeline file, corrected; a stream takes them itself."),
    number: list[int] = typer.Option(None, min=0, help="Only the letter with this number; may be repeated."),
    json: bool = JSON,
) -> None:
    """Run the refused records of a node through the corrected pipeline, once."""
    from runnel.app import pipelines
    from runnel.app.replaying import replay as replay_letters

    output = current_output()
    with project_of(file) as project:
        if is_stream(project, run):
            made = replayed_of_stream(project, run, node, number or None)
            output.result(made) if json else output.text(f"{made['letters']} records enter {run} again at {node}")
            return
        if file is None:
            raise typer.BadParameter("name the corrected pipeline file")
        id = project.store.runs.get(run).id
        done, count = replay_letters(project, pipelines.read(file), id, node, number or None)
    if json:
        output.result({"run_id": done.run_id, "replayed": count, "status": done.status, "of": id})
    else:
        output.text(f"{count} records replayed in run {done.run_id}: {done.status}")
    if done.status not in ("success", "warning"):
        raise typer.Exit(1)


@app.command("edit", epilog="Example: runnel dead-letters edit clicks --epoch 12 --number 0 --with fixed.json --replay")
def edit(
    stream: str = typer.Argument(help="The name of a stream."),
    epoch: int = typer.Option(..., min=0, help="The epoch that refused it."),
    number: int = typer.Option(..., min=0, help="Its number there."),
    given: str = typer.Option(..., "--with", help="A file with the record as it should be; - for standard input."),
    again: bool = typer.Option(False, "--replay", help="Let it enter again at once."),
    json: bool = JSON,
) -> None:
    """Give a refused record of a stream other bytes; a replay takes these, and its own stay beside them."""
    import sys
    from pathlib import Path

    output = current_output()
    raw = sys.stdin.buffer.read() if given == "-" else Path(given).read_bytes()
    with project_of(None) as project:
        made = edited_of_stream(project, stream, epoch, number, raw.removesuffix(b"\n"), again)
    if json:
        output.result(made)
        return
    words = "edited" if made["edited"] else "has its own bytes again"
    output.text(f"#{number} of epoch {epoch} {words}" + (f"; it enters {stream} again at {made['node']}" if again else ""))


@app.command("export", epilog="Example: runnel dead-letters export clicks --state open > refused.ndjson")
def export(
    run: str = RUN,
    node: str = typer.Argument(None, help="Only of this node."),
    state: str = typer.Option(None, help="Only open, replaying, replayed or discarded ones (of a stream)."),
) -> None:
    """Write refused records whole, one JSON object a line: raw bytes in base64, position, reason and state."""
    from json import dumps

    output = current_output()
    with project_of(None) as project:
        if is_stream(project, run):
            found = exported_of_stream(project, run, node, state)
        else:
            found = project.store.letters.show(project.store.runs.get(run).id, node, 2**31)
        for letter in found:
            output.text(dumps(letter, ensure_ascii=False, default=str))
