"""`runnel runs`: list, show and follow runs; cancel one."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, show and follow runs; cancel one.")
JSON = typer.Option(False, "--json", help="Print one JSON document.")
ID = typer.Argument(help="The run's id, or the beginning of it.")


@app.command("list", epilog="Example: runnel runs list --limit 10")
def list_runs(
    limit: int = typer.Option(20, min=1, help="How many."),
    pipeline: str = typer.Option(None, help="Only runs of this pipeline."),
    json: bool = JSON,
) -> None:
    """List the newest runs."""
    output = current_output()
    with project_of(None) as project:
        found = project.store.runs.list(limit, pipeline)
    if json:
        output.result({"runs": [run.to_json() for run in found]})
        return
    rows = [[run.id, run.pipeline, run.status, run.cause, str(run.started_at)[:19], run.seconds] for run in found]
    output.table(["run", "pipeline", "status", "cause", "started", "seconds"], rows, right=[5])


@app.command("show", epilog="Example: runnel runs show 01a1fc")
def show(run: str = ID, json: bool = JSON) -> None:
    """Show a run with its ledger and tasks."""
    output = current_output()
    with project_of(None) as project:
        found = project.store.runs.get(run)
        tasks = project.store.runs.tasks(found.id)
    if json:
        output.result({**found.to_json(), "result": found.result, "tasks": tasks})
        return
    output.text(f"{found.id}  {found.pipeline}  {found.status}" + (f" ({found.cause})" if found.cause else ""))
    rows = [[task["task"], task["status"], task["seconds"]] for task in tasks]
    output.table(["task", "status", "seconds"], rows, right=[2])
    if found.error:
        output.text(f"{found.error['code']}: {found.error['what']}\n{found.error['hint']}")


@app.command("logs", epilog="Example: runnel runs logs 01a1fc")
def logs(run: str = ID, json: bool = JSON) -> None:
    """Show what a run wrote down while it happened."""
    output = current_output()
    with project_of(None) as project:
        found = project.store.runs.get(run)
        lines = project.store.runs.logs(found.id)
    if json:
        output.result({"logs": lines})
        return
    for line in lines:
        output.text(f"{line['at']}  {line['level']:7}  {line['node'] or '':20}  {line['message']}")


@app.command("cancel", epilog="Example: runnel runs cancel 01a1fc")
def cancel(run: str = ID, json: bool = JSON) -> None:
    """Ask a running run to stop; it stops within a second."""
    output = current_output()
    with project_of(None) as project:
        found = project.store.runs.get(run)
        asked = project.store.runs.request_cancel(found.id)
    if json:
        output.result({"run_id": found.id, "cancelling": asked})
    else:
        output.text(f"{found.id}: " + ("stopping" if asked else f"was not running ({found.status})"))
