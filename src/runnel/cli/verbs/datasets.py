"""`runnel datasets`: list and read published datasets."""

from __future__ import annotations

import sys

import orjson
import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List and read published datasets.")
JSON = typer.Option(False, "--json", help="Print one JSON document.")
NAME = typer.Argument(help="The dataset's name.")


@app.command("list", epilog="Example: runnel datasets list")
def list_datasets(json: bool = JSON) -> None:
    """List every dataset."""
    output = current_output()
    with project_of(None) as project:
        found = project.store.datasets.list()
    if json:
        output.result({"datasets": found})
    else:
        rows = [[item["name"], item["version"], item["columns"], item["mode"], item["created_at"]] for item in found]
        output.table(["dataset", "version", "columns", "written by", "at"], rows, right=[1, 2])


@app.command("show", epilog="Example: runnel datasets show revenue")
def show(name: str = NAME, json: bool = JSON) -> None:
    """Show a dataset's columns and versions."""
    output = current_output()
    with project_of(None) as project:
        found = project.store.datasets.show(name)
    if json:
        output.result(found)
        return
    output.table(["column", "type"], found["columns"].items())
    rows = [
        [item["version"], item["mode"], item["rows"], item["run_id"], item["created_at"]] for item in found["versions"]
    ]
    output.table(["version", "mode", "rows", "run", "at"], rows, right=[0, 2])


@app.command("read", epilog="Example: runnel datasets read revenue --format csv > revenue.csv")
def read(
    name: str = NAME,
    version: int = typer.Option(None, help="An older version."),
    format: str = typer.Option("csv", help="csv, json, parquet or arrow."),
    limit: int = typer.Option(None, min=0, help="Only the first rows."),
    json: bool = JSON,
) -> None:
    """Write the rows of a dataset to standard output."""
    from runnel.app.exporting import export

    output = current_output()
    with project_of(None) as project:
        data = export(project, name, version, "json" if json else format, limit)
    if json:
        output.result({"dataset": name, "rows": orjson.Fragment(data)})
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
