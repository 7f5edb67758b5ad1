"""`runnel validate`: check a pipeline; every problem with its place and a way out."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from runnel.cli.output import current_output
from runnel.cli.session import given_params, project_of

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel validate orders.runnel.yaml --json")
def validate(
    file: str = typer.Argument(help="The pipeline file, or - for standard input."),
    param: list[str] = typer.Option([], help="A parameter as name=value; may be repeated."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Check a pipeline: structure, columns, types, connections. Nothing is run."""
    from runnel.app import pipelines
    from runnel.model.findings import has_errors

    output = current_output()
    with project_of(file) as project:
        if file == "-":
            document = pipelines.read_text(sys.stdin.read(), str(Path.cwd()))
        else:
            document = pipelines.read(file)
        findings = pipelines.findings_of(project, document, given_params(param))
    if json:
        output.result({"findings": [finding.to_json() for finding in findings]})
    else:
        output.findings(findings)
        errors = sum(finding.severity == "error" for finding in findings)
        output.note(f"{file}: " + (f"{errors} error(s)" if errors else "no errors"))
    if has_errors(findings):
        raise typer.Exit(3)
