"""`runnel fmt`: write pipeline files in their canonical form."""

from __future__ import annotations

from pathlib import Path

import typer

from runnel.cli.output import current_output

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: runnel fmt --check pipelines/")
def fmt(
    files: list[str] = typer.Argument(None, help="Files or folders; the current folder without them."),
    check: bool = typer.Option(False, "--check", help="Change nothing; exit with 4 when a file would change."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Format pipeline files; comments and key order stay."""
    from runnel.app.writing import atomic_write
    from runnel.errors import AuthoringError
    from runnel.model.loading import load_text
    from runnel.model.saving import format_text

    output = current_output()
    changed: list[str] = []
    for file in _files(files or ["."]):
        text = file.read_text("utf-8")
        pipeline, findings = load_text(text, path=str(file))
        if pipeline is None:
            first = findings[0]
            raise AuthoringError(first.code, first.what, first.hint, {"file": str(file), **first.where.to_json()})
        formatted = format_text(text)
        if formatted != text:
            changed.append(str(file))
            if not check:
                atomic_write(file, formatted)
    if json:
        output.result({"changed": changed})
    else:
        for name in changed:
            output.text(("would change " if check else "formatted ") + name)
    if check and changed:
        raise typer.Exit(4)


def _files(names: list[str]) -> list[Path]:
    found: list[Path] = []
    for name in names:
        path = Path(name)
        found.extend(sorted(path.rglob("*.runnel.yaml")) if path.is_dir() else [path])
    return found
