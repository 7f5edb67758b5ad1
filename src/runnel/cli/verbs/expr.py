"""`runnel expr`: evaluate one expression."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import orjson
import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: runnel expr \"title_case('ada lovelace')\" · runnel expr 'price * quantity' -i orders.csv"
)
def expr(
    expression: str = typer.Argument(help="The expression."),
    input: str = typer.Option(None, "-i", "--input", help="A data file, or - for standard input."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Evaluate an expression: one value per row of the input, or one value without input."""
    from runnel.app.evaluating import evaluate

    output = current_output()
    with tempfile.TemporaryDirectory(prefix="runnel-expr-") as folder, project_of(None) as project:
        if input == "-":
            input = str(Path(folder) / "stdin")
            with open(input, "wb") as handle:
                shutil.copyfileobj(sys.stdin.buffer, handle)
        made = evaluate(project, expression, input)
    if json:
        output.result(made)
        return
    for value in orjson.loads(orjson.dumps(made["values"])):
        output.text(value if isinstance(value, str) else orjson.dumps(value).decode())
