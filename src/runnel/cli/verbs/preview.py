"""`runnel preview`: show the first rows after any node."""

from __future__ import annotations

import orjson
import typer

from runnel.cli.output import current_output
from runnel.cli.session import given_params, project_of, source_changes

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel preview orders.runnel.yaml paid.rest --limit 20")
def preview(
    file: str = typer.Argument(help="The pipeline file."),
    node: str = typer.Argument(help="NODE or NODE.PORT."),
    limit: int = typer.Option(100, min=0, help="How many rows to show."),
    param: list[str] = typer.Option([], help="A parameter as name=value; may be repeated."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Show the first rows after any node; leaves no run and writes nothing."""
    output = current_output()
    with project_of(file) as project:
        project.workers.start()  # it imports beside this process
        from runnel.app import pipelines, previews

        compiled = pipelines.runnable(project, pipelines.read(file), given_params(param))
        port = pipelines.port_of(compiled, node)
        made = previews.preview(project, compiled, port, limit)
        output.findings(source_changes(compiled.findings))
    if json:
        output.result({**made, "rows": orjson.Fragment(made["rows"])})
        return
    names = [column["name"] for column in made["columns"]]
    rows = orjson.loads(made["rows"])
    shown = [["∅" if cell is None else _cell(cell) for cell in row] for row in rows]
    numeric = [
        index
        for index, column in enumerate(made["columns"])
        if column["type"].startswith(("BIG", "INT", "DOUB", "DEC"))
    ]
    output.table(names, shown, right=numeric)
    output.note(f"{len(shown):,} of {made['total_rows']:,} rows")


def _cell(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
