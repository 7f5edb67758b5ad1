"""`runnel connections`: list, add, test and delete connections; works on the state folder, with the server up or down."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of
from runnel.errors import AuthoringError

if TYPE_CHECKING:
    from runnel.app.project import Project

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="List, add, test and delete connections; secrets are never shown."
)
JSON = typer.Option(False, "--json", help="Print one JSON document.")
NAME = typer.Argument(help="The connection's name.")
CANNOT_REACH = 5


@app.command("list", epilog="Example: runnel connections list")
def list_connections(json: bool = JSON) -> None:
    """List connections: where they lead, who uses them, how their last test went."""
    from runnel.app.connections import listed

    output = current_output()
    with project_of(None) as project:
        found = listed(project)
    if json:
        output.result({"connections": found})
        return
    output.table(["connection", "kind", "leads to", "used by", "last test"], [
        [item["name"], item["type"], item["place"], ", ".join(sorted({use["pipeline"] for use in item["used_by"]})),
         "" if item["test"] is None else f"{'ok' if item['test']['ok'] else 'not reached'}, {item['tested_at']}"]
        for item in found
    ])  # fmt: skip


@app.command("kinds", epilog="Example: runnel connections kinds --json")
def kinds(json: bool = JSON) -> None:
    """List the kinds of connections with their options; --json adds the JSON Schema."""
    from runnel.catalog.describe import connector_entry

    output = current_output()
    with project_of(None) as project:
        found = [connector_entry(connector) for connector in project.catalog.connectors.values()]
    if json:
        output.result({"connectors": found})
        return
    output.table(["kind", "options", "secrets (on standard input)"], [
        [item["name"], ", ".join(name for name in item["options"]["properties"] if name not in item["secret_fields"]),
         ", ".join(item["secret_fields"])]
        for item in found
    ])  # fmt: skip


@app.command(
    "add", epilog="""Example: echo '{"password": "…"}' | runnel connections add shop --kind postgres --option host=db
    --option database=shop --option user=reader"""
)  # fmt: skip
def add(
    name: str = NAME,
    kind: str = typer.Option(..., "--kind", help="The kind: kafka, postgres, mqtt, http, schema_registry."),
    option: list[str] = typer.Option(None, "--option", help="NAME=VALUE, several times; lists with commas."),
    replace: bool = typer.Option(False, "--replace", help="Change the connection of that name, if there is one."),
    json: bool = JSON,
) -> None:
    """Keep a connection; its secrets come as JSON on standard input, so that no history has them."""
    from runnel.app import connections as use
    from runnel.app.access.principals import CONSOLE
    from runnel.app.access.services import Access

    output = current_output()
    with project_of(None) as project:
        values = {**_options(project, kind, option or []), **_secrets(project, kind)}
        before = project.store.connections.find(name) if replace else None
        if before is not None and before.type != kind:
            what = f"the connection `{name}` is one to {before.type}"
            raise AuthoringError("RNL-CONN-005", what, "Delete it first, or choose another name.")
        made = use.update(project, name, values) if before else use.create(project, name, kind, values, CONSOLE.name)
        action = "connections.change_connection" if before else "connections.create_connection"
        old = None if before is None else {"name": name, "type": kind, "config": before.config}
        new = {"name": name, "type": kind, "config": made["config"], "secret_fields": made["secret_fields"]}
        Access.open(project.store, project.environ, project.clock).trail.write(
            CONSOLE, action, "connection", name, before=old, after=new
        )
    if json:
        output.result(made)
    else:
        output.note(f"{name} is kept ({made['place']}); try it: runnel connections test {name}")


@app.command("test", epilog="Example: runnel connections test shop")
def test(name: str = NAME, json: bool = JSON) -> None:
    """Try a connection step by step; exit code 5 when it does not get through."""
    from runnel.app.connection_tests import try_stored

    output = current_output()

    def tell(step: Mapping[str, Any]) -> None:
        if json:
            return
        output.text(f"{'✓' if step['ok'] else '✗'} {step['name']:<12}  {step['what']}")
        if not step["ok"] and step["hint"]:
            output.text(f"  {step['hint']}")

    with project_of(None) as project:
        outcome = try_stored(project, name, tell)
    if json:
        output.result({"name": name, **outcome})
    if not outcome["ok"]:
        raise typer.Exit(CANNOT_REACH)


@app.command("delete", epilog="Example: runnel connections delete shop")
def delete(name: str = NAME, json: bool = JSON) -> None:
    """Remove a connection that no pipeline uses."""
    from runnel.app import connections as use
    from runnel.app.access.principals import CONSOLE
    from runnel.app.access.services import Access

    output = current_output()
    with project_of(None) as project:
        before = use.delete(project, name)
        old = {"name": name, "type": before["type"], "config": before["config"]}
        Access.open(project.store, project.environ, project.clock).trail.write(
            CONSOLE, "connections.delete_connection", "connection", name, before=old
        )
    if json:
        output.result({"deleted": name})
    else:
        output.note(f"{name} is deleted")


def _options(project: Project, kind: str, pairs: list[str]) -> dict[str, Any]:
    """Read `--option name=value`; a secret among them is refused, since shells keep what is typed."""
    from runnel.app.connections import connector_of
    from runnel.sdk.connector import secret_fields

    connector = connector_of(project, kind)
    schema = connector.Options.model_json_schema()["properties"]
    made: dict[str, Any] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise AuthoringError("RNL-CLI-001", f"`--option {pair}` has no `=`", "Write `--option name=value`.")
        if name in secret_fields(connector.Options):
            hint = f"""Send it on standard input: echo '{{"{name}": "…"}}' | runnel connections add …"""
            raise AuthoringError("RNL-CONN-004", f"`{name}` is a secret, and shells keep what is typed", hint)
        made[name] = _typed(value, schema.get(name, {}))
    return made


def _typed(value: str, schema: Mapping[str, Any]) -> Any:
    """Read a value as its option's type says; what does not fit is left for the option's own check."""
    if schema.get("type") == "array":
        return [part.strip() for part in value.split(",") if part.strip()]
    if schema.get("type") in ("integer", "boolean", "object"):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _secrets(project: Project, kind: str) -> dict[str, Any]:
    """Read secrets: JSON on standard input, or typed in unseen at a terminal."""
    from runnel.app.connections import connector_of
    from runnel.sdk.connector import secret_fields

    names = sorted(secret_fields(connector_of(project, kind).Options))
    if sys.stdin.isatty():
        asked = {
            name: typer.prompt(f"{name} (empty: none)", hide_input=True, default="", show_default=False, err=True)
            for name in names
            if name != "client_key"
        }
        return {name: value for name, value in asked.items() if value}
    text = sys.stdin.read()
    if not text.strip():
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or set(found) - set(names):
        hint = f"Secrets of {kind}: {', '.join(names) or 'none'}."
        raise AuthoringError("RNL-CONN-004", "what stands on standard input is no JSON object of secrets", hint)
    return found
