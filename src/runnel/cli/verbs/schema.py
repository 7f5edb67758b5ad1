"""`runnel schema`: the columns of every node, or the JSON Schema of pipeline files."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output
from runnel.cli.session import given_params, project_of

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel schema orders.runnel.yaml · runnel schema > .runnel/schema.json")
def schema(
    file: str = typer.Argument(None, help="The pipeline file; without it the JSON Schema of pipeline files."),
    param: list[str] = typer.Option([], help="A parameter as name=value; may be repeated."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Show the columns of every port before anything runs."""
    from runnel.app import pipelines

    output = current_output()
    with project_of(file) as project:
        if file is None:
            from runnel.catalog.describe import file_schema

            output.result(file_schema(project.catalog))
            return
        compiled = pipelines.compiled(project, pipelines.read(file), given_params(param))
    made = pipelines.schema(compiled)
    if json:
        output.result(made)
    else:
        rows = [
            [node, port, column["name"], column["type"]]
            for node, ports in made["nodes"].items()
            for port, columns in ports.items()
            for column in columns
        ]
        output.table(["node", "port", "column", "type"], rows)
    if not compiled.valid:
        output.findings(finding for finding in compiled.findings if finding.severity == "error")
        raise typer.Exit(3)
