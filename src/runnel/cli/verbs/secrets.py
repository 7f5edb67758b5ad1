"""`runnel secrets`: set, list and delete secrets."""

from __future__ import annotations

import sys

import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Set, list and delete secrets; values are never shown."
)
JSON = typer.Option(False, "--json", help="Print one JSON document.")
NAME = typer.Argument(help="The secret's name.")


@app.command("set", epilog='Example: printf %s "$PASSWORD" | runnel secrets set warehouse')
def set_secret(name: str = NAME, json: bool = JSON) -> None:
    """Keep the value on standard input under a name, encrypted."""
    output = current_output()
    value = typer.prompt("Value", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read().rstrip("\n")
    with project_of(None) as project:
        project.store.secrets.set(name, value)
    if json:
        output.result({"name": name})
    else:
        output.note(f"{name} is kept; use it as ${{secrets.{name}}}")


@app.command("list", epilog="Example: runnel secrets list")
def list_secrets(json: bool = JSON) -> None:
    """List names, never values."""
    output = current_output()
    with project_of(None) as project:
        found = project.store.secrets.list()
    if json:
        output.result({"secrets": found})
    else:
        output.table(["secret", "updated"], [[item["name"], item["updated_at"]] for item in found])


@app.command("delete", epilog="Example: runnel secrets delete warehouse")
def delete(name: str = NAME, json: bool = JSON) -> None:
    """Remove a secret."""
    output = current_output()
    with project_of(None) as project:
        project.store.secrets.delete(name)
    if json:
        output.result({"deleted": name})
