"""`runnel profile`: describe the columns of a node or of a data file."""

from __future__ import annotations

import orjson
import typer

from runnel.cli.output import current_output
from runnel.cli.session import given_params, project_of

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel profile orders.runnel.yaml paid · runnel profile orders.csv")
def profile(
    file: str = typer.Argument(help="A pipeline file with a node, or a data file."),
    node: str = typer.Argument(None, help="NODE or NODE.PORT of the pipeline."),
    param: list[str] = typer.Option([], help="A parameter as name=value; may be repeated."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Show nulls, distinct values, extremes, means, top values and histograms of every column, over all rows."""
    from runnel.app.profiling import profile_file, profile_port

    output = current_output()
    with project_of(file) as project:
        made = profile_file(project, file) if node is None else profile_port(project, file, node, given_params(param))
    if json:
        output.result(made)
        return
    heads = ["column", "type", "nulls", "distinct", "min", "max", "mean", "top"]
    rows = [
        [column["name"], column["type"], column["nulls"], column["distinct"], _cell(column["min"]), _cell(column["max"]),
         _cell(column["mean"]), ", ".join(_cell(item["value"]) for item in column["top"][:3])]
        for column in made["columns"]
    ]  # fmt: skip
    output.table(heads, rows, right=[2, 3])
    output.note(f"{made['rows']:,} rows")


def _cell(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()
