"""`runnel init`: make a project that works."""

from __future__ import annotations

from pathlib import Path

import typer

from runnel.cli.output import current_output

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel init demo")
def init(
    folder: str = typer.Argument(".", help="Where; the current folder without it."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Write a pipeline with its data, settings and the schema for editors."""
    from runnel.app.project import Project
    from runnel.app.scaffolding import init_project
    from runnel.app.writing import atomic_write
    from runnel.catalog.describe import file_schema

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    files = init_project(target)
    project = Project(target)
    import orjson

    atomic_write(project.home / "schema.json", orjson.dumps(file_schema(project.catalog)).decode())
    project.close()
    output = current_output()
    if json:
        output.result({"folder": str(target), "files": [str(file) for file in files]})
    else:
        output.text("\n".join(str(file) for file in files))
        output.note(f"Next: cd {target} && runnel run orders.runnel.yaml")
