"""`runnel up`: the editor and the API of the project in this folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import orjson
import typer

from runnel.cli.output import current_output

app = typer.Typer(add_completion=False, help="Serve the editor and the API of this folder; prints the link to open.")


@app.callback(invoke_without_command=True, epilog="Example: runnel up sales.csv")
def up(
    files: list[Path] = typer.Argument(None, help="Pipelines or data files to open."),
    host: str = typer.Option(None, "--host", help="The address to listen at (default 127.0.0.1, this machine alone)."),
    port: int = typer.Option(None, "--port", help="The port (default 8377, or the next free one)."),
    home: Path = typer.Option(None, "--home", help="The state folder (default .runnel)."),
    no_open: bool = typer.Option(False, "--no-open", help="Do not open a browser."),
    examples: bool = typer.Option(False, "--examples", help="Put the examples into the project."),
    json: bool = typer.Option(False, "--json", help="Print one line of JSON with `url` and `link`."),
) -> None:
    """Serve until interrupted."""
    from runnel.app.project import Project
    from runnel.server.opening import finish_examples
    from runnel.server.starting import Started, UpOptions
    from runnel.server.starting import up as serve
    from runnel.telemetry.requests import RequestLog

    output = current_output()
    flags: dict[str, Any] = {"host": host, "port": port, "home": str(home) if home else None}

    def told(started: Started) -> None:
        if json:
            sys.stdout.buffer.write(orjson.dumps({"url": started.url, "link": started.link}) + b"\n")
            sys.stdout.flush()
        else:
            output.text(f"\n  Runnel is open at {started.link}\n")
            if "/setup?" in started.link:
                output.note("This link makes the first user; it is good once, for 15 minutes.")
            output.note("Ctrl+C ends it.")
        if not no_open and not json and _has_display():
            import webbrowser

            webbrowser.open(started.link)

    project = Project(Path.cwd(), flags=flags)
    try:
        prepare = _prepared(files or [], examples)
        finish = [finish_examples] if examples else []
        log = RequestLog(quiet=output.log_format != "json")
        code = serve(project, UpOptions(port_given=_port_given(project), told=told, prepare=prepare, log=log, finish=finish))
    finally:
        project.close()
    raise typer.Exit(code)


def _prepared(files: list[Path], examples: bool) -> tuple[Any, ...]:
    """Return what is made before the link is told."""
    from runnel.server.opening import open_examples, open_files

    made: list[Any] = []
    if examples:
        made.append(open_examples)
    if files:
        made.append(lambda state: open_files(state, files))
    return tuple(made)


def _port_given(project: Any) -> bool:
    return project.settings["port"].origin != "default"


def _has_display() -> bool:
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
