"""`runnel nodes`: list, describe and scaffold node kinds."""

from __future__ import annotations

from pathlib import Path

import orjson
import typer

from runnel.cli.output import current_output
from runnel.errors import AuthoringError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, describe and scaffold node kinds.")
JSON = typer.Option(False, "--json", help="Print one JSON document.")


@app.command("list", epilog="Example: runnel nodes list --json")
def list_nodes(json: bool = JSON) -> None:
    """List every installed kind."""
    from runnel.catalog import discover
    from runnel.catalog.describe import listing

    output = current_output()
    made = listing(discover())
    if json:
        output.result(made)
        return
    rows = [[node["kind"], node["title"], node["summary"]] for node in made["nodes"]]
    output.table(["kind", "title", "summary"], rows)
    for broken in made["broken"]:
        output.warn(f"the plugin {broken['name']} could not be loaded: {broken['error']}")


@app.command("describe", epilog="Example: runnel nodes describe table.join")
def describe(kind: str = typer.Argument(help="The kind, e.g. table.join."), json: bool = JSON) -> None:
    """Show a kind's settings, ports and examples."""
    from runnel.catalog import discover
    from runnel.catalog.describe import entry

    output = current_output()
    catalog = discover()
    node = catalog.get(kind)
    if node is None:
        close = catalog.nearest(kind)
        hint = f"Did you mean `{close}`?" if close else "`runnel nodes list` shows every kind."
        raise AuthoringError("RNL-GRAPH-003", f"there is no node kind `{kind}`", hint)
    made = entry(node, full=True)
    if json:
        output.result(made)
        return
    output.text(f"{made['kind']}  {made['title']}\n\n{made['description']}\n")
    settings = [
        [
            name,
            "required" if name in made["config"].get("required", []) else _default(field),
            field.get("description", ""),
        ]
        for name, field in made["config"].get("properties", {}).items()
    ]
    output.table(["setting", "default", "meaning"], settings)
    for side in ("inputs", "outputs"):
        output.text(f"{side}: " + (", ".join(port["name"] for port in made["ports"][side]) or "none"))
    for example in made["examples"]:
        output.text(f"\nExample: {example['title']}\n" + orjson.dumps(example["config"]).decode())


def _default(field: dict[str, object]) -> str:
    return orjson.dumps(field.get("default")).decode() if "default" in field else ""


@app.command("new", epilog="Example: runnel nodes new my.node --folder plugins/my-node")
def new(
    kind: str = typer.Argument(help="The new kind, e.g. my.node."),
    folder: str = typer.Option(None, help="Where to write it; ./runnel-KIND without it."),
    json: bool = JSON,
) -> None:
    """Write a plugin: a package with one node, its examples as tests, and the entry point that makes it found."""
    from runnel.app.scaffolding import new_plugin

    target = Path(folder or "runnel-" + kind.replace(".", "-").replace("_", "-"))
    files = new_plugin(kind, target)
    output = current_output()
    if json:
        output.result({"folder": str(target), "files": [str(file) for file in files]})
    else:
        output.text(f"{target}: {', '.join(str(file.relative_to(target)) for file in files)}")
        output.note(f"Next: pip install -e {target} && pytest {target}")
