"""`runnel version`: print the version."""

from __future__ import annotations

import typer

from runnel import __version__
from runnel.cli.output import current_output

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel version --json")
def version(json: bool = typer.Option(False, "--json", help="Print one JSON document.")) -> None:
    """Print the version."""
    output = current_output()
    if json:
        output.result({"version": __version__})
    else:
        output.text(__version__)
