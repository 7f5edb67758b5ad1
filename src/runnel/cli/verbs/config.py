"""`runnel config`: the settings and where each comes from."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Show the settings and where each comes from.")


@app.callback()
def config() -> None:
    """Show the settings."""


@app.command("show", epilog="Example: runnel config show --origin")
def show(
    origin: bool = typer.Option(False, "--origin", help="Also say who won: flag, environment, project, user, default."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Show every setting."""
    output = current_output()
    with project_of(None) as project:
        found = list(project.settings.values())
    if json:
        output.result({item.name: {"value": item.value, "origin": item.origin} for item in found})
        return
    columns = ["setting", "value", "origin"] if origin else ["setting", "value"]
    output.table(columns, [[item.name, item.value, item.origin][: len(columns)] for item in found])
