"""`runnel gc`: apply retention."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel gc")
def gc(json: bool = typer.Option(False, "--json", help="Print one JSON document.")) -> None:
    """Remove old results, runs, logs, dead letters and dataset versions beyond their budgets; counts stay."""
    from runnel.app.retention import collect

    output = current_output()
    with project_of(None) as project:
        freed = collect(project)
    if json:
        output.result(freed)
    else:
        for name, value in freed.items():
            output.text(f"{name.replace('_', ' ')}: {value if isinstance(value, int) else len(value)}")
