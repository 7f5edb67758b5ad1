"""`runnel new`: make a new pipeline file."""

from __future__ import annotations

from pathlib import Path

import typer

from runnel.cli.output import current_output

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel new sales")
def new(
    name: str = typer.Argument(help="The pipeline's name."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Write NAME.runnel.yaml in the current folder."""
    from runnel.app.scaffolding import new_pipeline

    path = new_pipeline(name, Path.cwd())
    output = current_output()
    if json:
        output.result({"path": str(path)})
    else:
        output.text(str(path))
