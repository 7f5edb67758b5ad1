"""`runnel dead-letters`: look at refused records, discard or replay them."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Look at refused records, discard or replay them.")
JSON = typer.Option(False, "--json", help="Print one JSON document.")
RUN = typer.Argument(help="The run's id, or the beginning of it.")


@app.command("list", epilog="Example: runnel dead-letters list --pipeline orders")
def list_letters(pipeline: str = typer.Option(None, help="Only of this pipeline."), json: bool = JSON) -> None:
    """List how many records each node refused, per run."""
    output = current_output()
    with project_of(None) as project:
        found = project.store.letters.list(pipeline)
    if json:
        output.result({"dead_letters": found})
        return
    rows = [
        [item["run_id"], item["pipeline"], item["node"], item["count"], item["open"], item["stored"]] for item in found
    ]
    output.table(["run", "pipeline", "node", "refused", "open", "stored"], rows, right=[3, 4, 5])


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
        id = project.store.runs.get(run).id
        found = project.store.letters.show(id, node, limit)
    if json:
        output.result({"run_id": id, "letters": found})
        return
    for letter in found:
        place = ", ".join(f"{key} {value}" for key, value in (letter.get("position") or {}).items())
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
    file: str = typer.Argument(help="The pipeline file, corrected."),
    number: list[int] = typer.Option(None, min=0, help="Only the letter with this number; may be repeated."),
    json: bool = JSON,
) -> None:
    """Run the refused records of a node through the corrected pipeline, once."""
    from runnel.app import pipelines
    from runnel.app.replaying import replay as replay_letters

    output = current_output()
    with project_of(file) as project:
        id = project.store.runs.get(run).id
        done, count = replay_letters(project, pipelines.read(file), id, node, number or None)
    if json:
        output.result({"run_id": done.run_id, "replayed": count, "status": done.status, "of": id})
    else:
        output.text(f"{count} records replayed in run {done.run_id}: {done.status}")
    if done.status not in ("success", "warning"):
        raise typer.Exit(1)
