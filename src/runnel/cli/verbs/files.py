"""`runnel files`: the data files of the project."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List the data files of the project.")
JSON = typer.Option(False, "--json", help="Print one JSON document.")


@app.command("list", epilog="Example: runnel files list")
def list_files(json: bool = JSON) -> None:
    """List the data files below the project's folder, newest first."""
    from runnel.app.pipeline_files import PipelineFiles
    from runnel.app.pipeline_listing import open_documents, readers_of_file
    from runnel.app.project_files import ProjectFiles

    output = current_output()
    with project_of(None) as project:
        pipelines = PipelineFiles(project.root)
        files = ProjectFiles(project.root, project.home, project.store, (), int(project.setting("upload_bytes")))
        drafts = open_documents(project.store)
        found = [
            {**file.to_json(), "used_by": [reader["name"] for reader in readers_of_file(pipelines, file.path, drafts)]}
            for file in files.all()
        ]
    if json:
        output.result({"files": found})
        return
    rows = [[item["path"], item["type"], item["bytes"], item["source"], ", ".join(item["used_by"])] for item in found]
    output.table(["file", "type", "bytes", "from", "read by"], rows, right=[2])


@app.command("show", epilog="Example: runnel files show data/orders.csv")
def show(path: str = typer.Argument(help="The file's path."), json: bool = JSON) -> None:
    """Say what is known of a file."""
    from runnel.app.project_files import ProjectFiles

    output = current_output()
    with project_of(None) as project:
        files = ProjectFiles(project.root, project.home, project.store, (), int(project.setting("upload_bytes")))
        found = files.at(path).to_json()
    if json:
        output.result(found)
    else:
        output.table(["what", "value"], found.items())
