"""`runnel graph`: draw a pipeline."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel graph orders.runnel.yaml --format svg > orders.svg")
def graph(
    file: str = typer.Argument(help="The pipeline file."),
    format: str = typer.Option("mermaid", "--format", "-f", help="mermaid or svg."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Draw a pipeline as Mermaid text or as an SVG picture."""
    from runnel.app import drawings, pipelines
    from runnel.errors import AuthoringError

    if format not in ("mermaid", "svg"):
        raise AuthoringError("RNL-CLI-003", f"`{format}` is no format of a graph", "Choose mermaid or svg.")
    output = current_output()
    with project_of(file) as project:
        document = pipelines.read(file)
        drawn = drawings.drawn(project, document, format)
    if json:
        output.result({"format": format, "graph": drawn})
    else:
        output.text(drawn)
