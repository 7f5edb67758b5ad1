"""`runnel link`: a new link to the server that runs on this folder."""

from __future__ import annotations

from pathlib import Path

import typer

from runnel.cli.output import current_output

app = typer.Typer(add_completion=False, help="Print a new link to the running server.")


@app.callback(invoke_without_command=True, epilog="Example: runnel link")
def link(
    home: Path = typer.Option(None, "--home", help="The state folder (default .runnel)."),
    json: bool = typer.Option(False, "--json", help="Print one line of JSON with `url` and `link`."),
) -> None:
    """Print a link that is good while the server runs; before there is a user elsewhere, one that makes the first."""
    from runnel.app.access.users import mode_of
    from runnel.app.project import Project
    from runnel.server.console import read

    output = current_output()
    project = Project(Path.cwd(), flags={"home": str(home) if home else None})
    try:
        running = read(project.home)
        mode = mode_of(project.store.users)
        made = running.link(mode, project.clock)
    finally:
        project.close()
    if json:
        output.result({"url": running.url, "link": made, "mode": mode})
        return
    output.text(made)
    if mode == "users":
        output.note("Everybody logs in with name and password here.")
