"""`runnel report`: run a pipeline and write one self-contained HTML page of it."""

from __future__ import annotations

from pathlib import Path

import typer

from runnel.cli.output import current_output
from runnel.cli.session import given_params, project_of

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel report orders.runnel.yaml -o orders.html")
def report(
    file: str = typer.Argument(help="The pipeline file."),
    output: str = typer.Option(None, "-o", "--output", help="The page; PIPELINE.html beside the file without it."),
    param: list[str] = typer.Option([], help="A parameter as name=value; may be repeated."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Run a pipeline (results are reused) and write a page with graph, charts, tables, ledger and dead letters."""
    from runnel.app import pipelines
    from runnel.app.report.page import report_page
    from runnel.app.runs import RunOptions
    from runnel.app.runs import run as run_document
    from runnel.app.writing import atomic_write

    printer = current_output()
    with project_of(file) as project:
        document = pipelines.read(file)
        done = run_document(project, document, RunOptions(given_params(param)))
        target = Path(output) if output else Path(file).with_name(f"{done.plan.pipeline}.html")
        atomic_write(target, report_page(project, document, done))
    if json:
        printer.result({"path": str(target), "run_id": done.run_id, "status": done.status})
    else:
        printer.text(str(target))
    if done.status not in ("success", "warning"):
        raise typer.Exit(done.result.error.exit_code if done.result.error else 1)
