"""`runnel run`: run a pipeline and show what went where."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from runnel.cli.output import Output, current_output
from runnel.cli.session import given_params, project_of, source_changes
from runnel.cli.streaming import is_stream_file, run_stream_file
from runnel.cli.tables import ledger_table

if TYPE_CHECKING:
    from runnel.app.runs import RunReport

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: runnel run orders.runnel.yaml --param status=paid · cat a.csv | runnel run p.yaml -i in=- -o out=-"
)
def run(  # noqa: PLR0913 - each is an option of the command line
    file: str = typer.Argument(help="The pipeline file."),
    param: list[str] = typer.Option([], help="A parameter as name=value; may be repeated."),
    to: str = typer.Option(None, help="Run only what this node (or NODE.PORT) needs."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Do everything but write."),
    sample: int = typer.Option(None, min=1, help="Read only the first N rows of every source."),
    until_caught_up: bool = typer.Option(
        False, "--until-caught-up", help="A stream: stop when every source has reached the end that it had at the start."
    ),
    no_cache: bool = typer.Option(False, "--no-cache", help="Compute everything anew."),
    input: list[str] = typer.Option([], "-i", "--input", help="NODE=FILE or NODE=-: read this in place of a node."),
    output: list[str] = typer.Option([], "-o", "--output", help="NODE=FILE or NODE=-: write a node's rows there."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Run a pipeline. Exit code 0 done (also with dead letters), 1 failed, 3 invalid, 6 a limit was hit."""
    printer = current_output()
    cancel = threading.Event()
    if is_stream_file(file):
        raise typer.Exit(run_stream_file(file, given_params(param), until_caught_up, json, printer, cancel))
    with project_of(file) as project:
        project.workers.start()  # it imports beside this process
        from runnel.app import pipelines
        from runnel.app.recovering import recover
        from runnel.app.redirecting import redirected
        from runnel.app.runs import RunOptions
        from runnel.app.runs import run as run_document

        with redirected(project, pipelines.read(file), input, output) as redirection:
            for report in recover(project):
                printer.warn(f"run {report.id} of {report.pipeline} ended without a word: its process is gone")
            options = RunOptions(given_params(param), to, dry_run, sample, not no_cache, remember=not input)
            with _interrupt_cancels(cancel):
                try:
                    done = run_document(project, redirection.document, options, _progress(printer), cancel)
                finally:
                    printer.clear_progress()
            redirection.deliver()
    if json:
        printer.result(done.to_json())
    else:
        _show(printer, done)
    code = _exit_code(done)
    if code:
        raise typer.Exit(code)


@contextmanager
def _interrupt_cancels(cancel: threading.Event) -> Iterator[None]:
    """Let the first Ctrl-C cancel the run in order; a second one ends the program where it stands."""

    def interrupted(number: int, frame: object) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _exit_code(report: RunReport) -> int:
    if report.status in ("success", "warning"):
        return 4 if report.result.cause == "check" else 0
    if report.status == "cancelled":
        return 130
    return report.result.error.exit_code if report.result.error else 1


def _progress(printer: Output) -> Any:
    if not printer.interactive:
        return None

    def show(kind: str, data: Mapping[str, Any]) -> None:
        if kind == "progress":
            printer.progress(str(data["node"]), float(data["percent"]) / 100, data["seconds_left"])

    return show


def _show(printer: Output, report: RunReport) -> None:
    """Print the ledger of the run as a table, what was written, and what was refused."""
    printer.findings(source_changes(report.compiled.findings))
    heads, rows = ledger_table(report)
    printer.table(heads, rows, right=range(2, 8))
    for written in report.result.outputs:
        place = written.get("path") or f"dataset {written.get('dataset')}"
        printer.note(f"{written['node']}: {written['rows']:,} rows → {place}")
    for node, count in report.result.letters.items():
        printer.warn(f"{node}: {count:,} dead letters (runnel dead-letters show {report.run_id} {node})")
    if report.result.error is not None:
        printer.error(report.result.error)
    balance = "the ledger balances" if report.ledger.balanced else "the ledger does not balance"
    printer.note(f"{report.status} in {report.result.seconds:.2f} s · {balance} · run {report.run_id}")
