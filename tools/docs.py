"""`make docs`: write the reference from the catalogue, the function library and the commands, then build the site."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from runnel.catalog import discover
from runnel.catalog.describe import entry, node_support

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"


def main() -> int:
    """Write docs/reference and build site/; returns mkdocs' exit code."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    pages = {
        "nodes.md": nodes(), "functions.md": functions(), "support.md": support(), "examples.md": examples(),
        "cli.md": commands(), "codes.md": codes(),
    }  # fmt: skip
    for name, lines in pages.items():
        (REFERENCE / name).write_text("\n".join(lines) + "\n", "utf-8")
    if "--reference-only" in sys.argv:
        return 0
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--config-file",
        str(ROOT / "mkdocs.yml"),
    ]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _table(heads: list[str], rows: Iterable[Iterable[object]]) -> list[str]:
    made = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return [*made, *("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows)]


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def nodes() -> list[str]:
    """The page of all node kinds."""
    lines = ["# Nodes", ""]
    described = [entry(node, full=True) for node in discover().nodes.values()]
    for group in sorted({item["group"] for item in described}):
        lines += [f"## {group.capitalize()}", ""]
        for item in described:
            if item["group"] == group:
                lines += _node(item)
    return lines


def _node(item: dict) -> list[str]:
    config = item["config"]
    required = config.get("required", [])
    settings = [
        [f"`{name}`", "required" if name in required else f"`{json.dumps(field.get('default'), ensure_ascii=False)}`",
         field.get("description", "")]
        for name, field in config.get("properties", {}).items()
    ]  # fmt: skip
    ports = ", ".join(f"`{port['name']}`" for port in item["ports"]["inputs"]) or "none"
    outputs = ", ".join(f"`{port['name']}`" for port in item["ports"]["outputs"]) or "none"
    lines = [f"### `{item['kind']}` {item['title']}", "", item["description"], ""]
    lines += [f"Inputs: {ports} · outputs: {outputs} · ledger: {item['ledger']}", ""]
    lines += [*_table(["setting", "default", "meaning"], settings), ""] if settings else []
    for example in item["examples"]:
        shown = json.dumps(example["config"], ensure_ascii=False)
        lines += [f"*{example['title']}*", "", f"    config: {shown}"]
        lines += [
            f"    given {port}: {json.dumps(rows, ensure_ascii=False)}" for port, rows in example["given"].items()
        ]
        lines += [
            f"    gives {port}: {json.dumps(rows, ensure_ascii=False)}" for port, rows in example["expect"].items()
        ]
        lines.append("")
    for dialect, reason in item["dialects"].items():
        lines += [f"Not on {dialect}: {reason}.", ""]
    return lines


def functions() -> list[str]:
    """The page of all functions of expressions."""
    from runnel.compiler.functions import functions_index

    lines = ["# Functions", ""]
    index = functions_index()
    for family in sorted({item["family"] for item in index}):
        lines += [f"## {family.capitalize()}", ""]
        for item in index:
            if item["family"] == family:
                lines += [
                    f"### `{item['signature']}`",
                    "",
                    f"{item['summary']} {item['semantics']} {item['nulls']}",
                    "",
                ]
                lines += [f"    {example['expression']}  →  {example['result']}" for example in item["examples"]] + [""]
    return lines


def support() -> list[str]:
    """The table operation × dialect; what is `same` is proven by the tests on a real PostgreSQL."""
    from runnel.compiler.functions import support_table

    lines = [
        "# What runs where",
        "",
        "DuckDB is the meaning; PostgreSQL gives the same result where this table says so.",
        "",
    ]
    lines += _table(["function", "DuckDB", "PostgreSQL"], _support_rows(support_table(), "function"))
    lines += ["", *_table(["node", "DuckDB", "PostgreSQL"], _support_rows(node_support(discover()), "kind"))]
    return lines


def _support_rows(table: Iterable[Mapping[str, str]], name: str) -> Iterable[list[str]]:
    words = {"same": "same", "partly": "same, without: ", "unsupported": "no: "}
    for row in table:
        if row["dialect"] == "postgres":
            yield [f"`{row[name]}`", "same", words[row["outcome"]] + row["reason"]]


def examples() -> list[str]:
    """The examples with their descriptions and pictures."""
    from runnel.app.drawings import drawn
    from runnel.app.pipelines import read
    from runnel.app.project import Project

    lines = ["# Examples", "", "`make up` runs them all.", ""]
    project = Project(ROOT / "examples")
    for file in sorted((ROOT / "examples").glob("*/*.runnel.yaml")):
        document = read(file)
        assert document.pipeline is not None
        lines += [f"## {document.pipeline.title}", "", document.pipeline.description or "", ""]
        picture = REFERENCE / f"{document.pipeline.name}.svg"
        picture.write_text(drawn(project, document, "svg"), "utf-8")
        lines += [
            f"![{document.pipeline.title}]({picture.name})",
            "",
            "```yaml",
            file.read_text("utf-8").strip(),
            "```",
            "",
        ]
    return lines


def commands() -> list[str]:
    """The help of every verb."""
    import click
    import typer

    from runnel.cli.application import VERBS, app

    command = typer.main.get_command(app)
    context = click.Context(command, info_name="runnel")
    lines = ["# Command line", ""]
    for verb, summary in VERBS.items():
        found = command.get_command(context, verb)  # type: ignore[attr-defined]
        inner = click.Context(found, info_name=f"runnel {verb}")
        lines += [f"## `runnel {verb}`", "", summary, "", "```text", found.get_help(inner), "```", ""]
    return lines


def codes() -> list[str]:
    """What every code of a finding means, where a package keeps a table of them."""
    from runnel.compiler import schema_codes
    from runnel.compiler.expressions import codes as expressions
    from runnel.model import codes as document
    from runnel.sandbox import CODES

    rows = [*document.codes.items(), *expressions.codes.items(), *schema_codes.codes.items(), *CODES.items()]
    return ["# Codes", "", *_table(["code", "meaning"], rows)]


if __name__ == "__main__":
    sys.exit(main())
