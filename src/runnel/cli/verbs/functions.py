"""`runnel functions`: list and describe the functions of expressions."""

from __future__ import annotations

import typer

from runnel.cli.output import current_output

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List and describe the functions of expressions.")
JSON = typer.Option(False, "--json", help="Print one JSON document.")


@app.command("list", epilog="Example: runnel functions list")
def list_functions(json: bool = JSON) -> None:
    """List every function with its signature."""
    from runnel.compiler.functions import functions_index

    output = current_output()
    index = functions_index()
    if json:
        output.result({"functions": index})
    else:
        output.table(["function", "summary"], [[item["signature"], item["summary"]] for item in index])


@app.command("describe", epilog="Example: runnel functions describe title_case")
def describe(name: str = typer.Argument(help="The function's name."), json: bool = JSON) -> None:
    """Show signature, meaning and examples of a function."""
    import difflib

    from runnel.compiler.functions import functions_index
    from runnel.errors import AuthoringError

    output = current_output()
    index = {item["name"]: item for item in functions_index()}
    found = index.get(name.lower()) or next((item for item in index.values() if name.lower() in item["aliases"]), None)
    if found is None:
        close = difflib.get_close_matches(name.lower(), list(index), n=3)
        hint = f"Did you mean {', '.join(close)}?" if close else "`runnel functions list` shows every function."
        raise AuthoringError("RNL-EXPR-004", f"there is no function `{name}`", hint)
    if json:
        output.result(found)
        return
    output.text(f"{found['signature']}\n\n{found['summary']}\n{found['semantics']}\n")
    for example in found["examples"]:
        output.text(f"  {example['expression']}  →  {example['result']}")
