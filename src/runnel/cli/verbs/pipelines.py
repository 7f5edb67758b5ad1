"""`runnel pipelines`: list, import and export pipelines."""

from __future__ import annotations

import shutil
from pathlib import Path

import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, import and export pipelines.")
JSON = typer.Option(False, "--json", help="Print one JSON document.")


@app.command("list", epilog="Example: runnel pipelines list")
def list_pipelines(json: bool = JSON) -> None:
    """List the pipeline files of the project, with their newest run."""
    from runnel.app.pipelines import read

    output = current_output()
    found = []
    with project_of(None) as project:
        for file in sorted(project.root.rglob("*.runnel.yaml")):
            if ".runnel" in file.relative_to(project.root).parts:
                continue
            pipeline = read(file).pipeline
            name = pipeline.name if pipeline else file.name
            last = next(iter(project.store.runs.list(1, name)), None)
            found.append({
                "name": name, "title": pipeline.title if pipeline else None, "path": str(file.relative_to(project.root)),
                "nodes": len(pipeline.nodes) if pipeline else None, "active": pipeline.active if pipeline else None,
                "last_run": last.to_json() if last else None,
            })  # fmt: skip
    if json:
        output.result({"pipelines": found})
        return
    rows = [[item["name"], item["path"], item["nodes"], (item["last_run"] or {}).get("status")] for item in found]
    output.table(["pipeline", "file", "nodes", "last run"], rows, right=[2])


@app.command("import", epilog="Example: runnel pipelines import ../orders.runnel.yaml")
def import_pipeline(file: str = typer.Argument(help="A pipeline file from elsewhere."), json: bool = JSON) -> None:
    """Copy a pipeline file into the project after checking that it can be read; nothing of it is run."""
    from runnel.app.pipelines import InvalidPipelineError, read
    from runnel.errors import AuthoringError
    from runnel.model.findings import has_errors

    output = current_output()
    document = read(file)
    if document.pipeline is None or has_errors(document.findings):
        raise InvalidPipelineError(document.findings)
    with project_of(None) as project:
        target = project.root / f"{document.pipeline.name}.runnel.yaml"
        if target.exists():
            raise AuthoringError("RNL-CLI-004", f"{target} exists already", "Rename the pipeline first.")
        shutil.copyfile(file, target)
    if json:
        output.result({"path": str(target)})
    else:
        output.text(str(target))


@app.command("example", epilog="Example: runnel pipelines example unified_orders")
def place_example(
    name: str = typer.Argument(None, help="An example's name; without one they are listed."), json: bool = JSON
) -> None:
    """Put an example with its data into the project's folder `examples`; what is there stays."""
    from runnel.app.examples import examples, place

    output = current_output()
    if name is None:
        found = [item.to_json() for item in examples().values()]
        if json:
            output.result({"examples": found})
        else:
            output.table(["example", "title", "category"], [[item["name"], item["title"], item["category"]] for item in found])
        return
    with project_of(None) as project:
        target = place(name, project.root)
    if json:
        output.result({"path": str(target)})
    else:
        output.text(str(target))


@app.command("export", epilog="Example: runnel pipelines export orders")
def export(name: str = typer.Argument(help="The pipeline's name."), json: bool = JSON) -> None:
    """Print the file of a pipeline."""
    from runnel.app.pipelines import read
    from runnel.errors import AuthoringError

    output = current_output()
    with project_of(None) as project:
        files = {}
        for file in project.root.rglob("*.runnel.yaml"):
            pipeline = read(file).pipeline
            if pipeline is not None:
                files[pipeline.name] = Path(file)
    if name not in files:
        raise AuthoringError(
            "RNL-FILE-001", f"there is no pipeline `{name}`", f"Pipelines: {', '.join(sorted(files))}."
        )
    text = files[name].read_text("utf-8")
    if json:
        output.result({"name": name, "text": text})
    else:
        output.text(text)
