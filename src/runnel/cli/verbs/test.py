"""`runnel test`: run the tests that stand in a pipeline file."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output
from runnel.cli.session import project_of

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel test orders.runnel.yaml")
def test(
    file: str = typer.Argument(help="The pipeline file."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Run the tests of a pipeline; exit code 4 when one fails. Row order is ignored, the clock is fixed."""
    output = current_output()
    with project_of(file) as project:
        project.workers.start()  # it imports beside this process
        from runnel.app import pipelines
        from runnel.app.pipeline_tests import run_tests

        results = run_tests(project, pipelines.read(file))
    if json:
        output.result({"tests": [result.to_json() for result in results]})
    else:
        for result in results:
            output.text(f"{'passed' if result.passed else 'FAILED'}  {result.name}")
            if result.difference:
                output.text(f"        {result.difference}")
        output.note(f"{sum(result.passed for result in results)} of {len(results)} passed")
    if not all(result.passed for result in results):
        raise typer.Exit(4)
