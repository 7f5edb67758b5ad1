"""`runnel diff`: compare two pipelines by meaning."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel diff old.runnel.yaml new.runnel.yaml")
def diff(
    old: str = typer.Argument(help="The older pipeline file."),
    new: str = typer.Argument(help="The newer pipeline file."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Show what was added, removed, changed and rewired; layout, notes and comments do not count."""
    from runnel.app import pipelines
    from runnel.model.difference import difference

    output = current_output()
    pair = []
    for path in (old, new):
        document = pipelines.read(path)
        if document.pipeline is None:
            raise pipelines.InvalidPipelineError(document.findings)
        pair.append(document.pipeline)
    found = difference(*pair)
    if json:
        output.result(found.to_json())
    else:
        output.text(found.to_text() or "no difference in meaning")
