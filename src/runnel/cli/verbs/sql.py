"""`runnel sql`: the SQL that a node compiles to."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output
from runnel.cli.session import given_params, project_of

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel sql orders.runnel.yaml totals --dialect postgres")
def sql(
    file: str = typer.Argument(help="The pipeline file."),
    node: str = typer.Argument(None, help="NODE or NODE.PORT; the last table without it."),
    dialect: str = typer.Option("duckdb", help="duckdb or postgres."),
    param: list[str] = typer.Option([], help="A parameter as name=value; may be repeated."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Show the SQL of a node: one readable step per connected port."""
    from runnel.app import pipelines

    output = current_output()
    with project_of(file) as project:
        compiled = pipelines.runnable(project, pipelines.read(file), given_params(param))
        made = pipelines.sql(compiled, node, dialect)
    if json:
        output.result(made)
    else:
        output.text(made["sql"])
