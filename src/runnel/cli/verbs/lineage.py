"""`runnel lineage`: where the values of a column come from."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output
from runnel.cli.session import given_params, project_of

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel lineage orders.runnel.yaml totals.revenue")
def lineage(
    file: str = typer.Argument(help="The pipeline file."),
    column: str = typer.Argument(help="NODE.COLUMN or NODE.PORT.COLUMN."),
    param: list[str] = typer.Option([], help="A parameter as name=value; may be repeated."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Show the source columns that a column's values come from, and the way they took."""
    from runnel.app import pipelines

    output = current_output()
    with project_of(file) as project:
        compiled = pipelines.runnable(project, pipelines.read(file), given_params(param))
        made = pipelines.lineage(compiled, column)
    if json:
        output.result(made)
        return
    for source in made["sources"]:
        output.text(f"{source['node']}.{source['column']}")
    output.note(" ← ".join(f"{place['node']}.{place['column']}" for place in made["path"]))
