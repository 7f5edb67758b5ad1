"""`runnel doctor`: what is missing on this machine and how to get it."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of

app = typer.Typer(add_completion=False)
MARKS = {"ok": "✓", "warning": "!", "error": "✕"}


@app.command(epilog="Example: runnel doctor --json")
def doctor(json: bool = typer.Option(False, "--json", help="Print one JSON document.")) -> None:
    """Check Python, packages, folders, memory, the sandbox, plugins and the state of the project."""
    from runnel.app.examining import examine

    output = current_output()
    with project_of(None) as project:
        checks = examine(project)
    if json:
        output.result({"checks": checks})
    else:
        for check in checks:
            output.text(f"{MARKS[check['status']]} {check['name']}: {check['what']}")
            if check["hint"]:
                output.text(f"    {check['hint']}")
    if any(check["status"] == "error" for check in checks):
        raise typer.Exit(1)
