"""The typer application: every verb is known by name and help, its module is loaded when it is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from runnel.cli.output import Output, current_output, set_output
from runnel.errors import InternalError, RunnelError

VERBS: dict[str, str] = {
    "up": "Serve the editor and the API of this folder.",
    "link": "Print a new link to the running server.",
    "run": "Run a pipeline and show what went where.",
    "preview": "Show the first rows after any node.",
    "validate": "Check a pipeline; every problem with its place and a way out.",
    "schema": "Show the columns of every node, or the JSON Schema of pipeline files.",
    "sql": "Show the SQL that a node compiles to.",
    "lineage": "Show where the values of a column come from.",
    "expr": "Evaluate one expression over a file or standard input.",
    "profile": "Describe the columns of a node or of a data file.",
    "nodes": "List, describe and scaffold node kinds.",
    "functions": "List and describe the functions of expressions.",
    "init": "Make a project that works.",
    "new": "Make a new pipeline file.",
    "fmt": "Write pipeline files in their canonical form.",
    "graph": "Draw a pipeline (Mermaid or SVG).",
    "diff": "Compare two pipelines by meaning.",
    "test": "Run the tests that stand in a pipeline file.",
    "stream": "Start, stop and look at streams: rates, lag, the ledger.",
    "runs": "List, show and follow runs; cancel one.",
    "dead-letters": "Look at refused records, discard or replay them.",
    "datasets": "List and read published datasets.",
    "users": "List, create and change users.",
    "tokens": "Create, list and revoke API tokens.",
    "files": "List the data files of the project.",
    "connections": "List, add, test and delete connections to external systems.",
    "secrets": "Set, list and delete secrets.",
    "pipelines": "List, import and export pipelines.",
    "report": "Write a run as one self-contained HTML page.",
    "gc": "Apply retention: cache, runs, logs, dead letters.",
    "doctor": "Say what is missing on this machine and how to get it.",
    "config": "Show the settings and where each comes from.",
    "version": "Print the version.",
}


class LazyVerbs(TyperGroup):
    """A command group whose commands are imported when they are used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the verbs in the order of a person's work."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the verb's module and return its command."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"runnel.cli.verbs.{cmd_name.replace('-', '_')}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        command.help = command.help or VERBS[cmd_name]
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Name the nearest verb when there is none of that name."""
        if args and args[0] not in VERBS:
            import difflib

            close = difflib.get_close_matches(args[0], list(VERBS), n=1)
            raise typer.BadParameter(
                f"there is no verb `{args[0]}`." + (f" Did you mean `{close[0]}`?" if close else "")
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the verbs without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


app = typer.Typer(
    cls=LazyVerbs, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="Runnel: data pipelines that people draw instead of program.",
)  # fmt: skip


@app.callback()
def options(
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Say nothing but results and errors."),
    log_format: str = typer.Option("pretty", "--log-format", help="pretty or json."),
) -> None:
    """Options of every verb."""
    set_output(Output(quiet=quiet, log_format=log_format))


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code (INTERFACE section 2)."""
    command = typer.main.get_command(app)
    try:
        result = command.main(args=list(arguments), prog_name="runnel", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        current_output().warn("interrupted")
        return 130
    except typer.Exit as error:
        return error.exit_code
    except TyperException as error:
        return _usage(error)
    except RunnelError as error:
        current_output().error(error)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:  # noqa: BLE001 - the outermost boundary: nobody is to see a traceback unasked
        return _unforeseen(error)
    return int(result) if isinstance(result, int) else 0


def _usage(error: Any) -> int:
    """Say what is wrong with the words of the command line; help that was asked for by giving none goes to stdout."""
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(error.ctx.get_help() + "\n")
        return 2
    error.show(file=sys.stderr)
    return 2


def _unforeseen(error: Exception) -> int:
    """Say that this is a fault of the program, with its place; RUNNEL_DEBUG=1 shows the whole traceback."""
    import os
    import traceback

    if os.environ.get("RUNNEL_DEBUG"):
        traceback.print_exception(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error} ({os.path.basename(last.filename)}:{last.lineno})"
    hint = "This is a fault of Runnel; please report it with the output of RUNNEL_DEBUG=1."
    current_output().error(InternalError("RNL-INTERNAL-001", what, hint))
    return 1
