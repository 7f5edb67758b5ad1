"""`make check`: lint, types, layers, sizes, docstrings and the table of rows; all in parallel, all or nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
MOST_FILE_LINES = 600
MOST_FUNCTION_LINES = 60
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "core", "base", "manager"}

COMMANDS: dict[str, list[str]] = {
    "ruff": [str(BIN / "ruff"), "check", "src", "tests", "tools", "benchmarks"],
    "pyright": [str(BIN / "pyright"), "--warnings"],
    "layers": [str(BIN / "lint-imports"), "--no-cache"],
    "editor": [sys.executable, "-m", "tools.web", "check"],
    "rows": [sys.executable, "-m", "tools.rows", "--check"],
}


def shape_problems(folder: Path) -> list[str]:
    """Return what is too long, unnamed or undocumented below a folder."""
    found: list[str] = []
    for file in sorted(folder.rglob("*.py")):
        if "migrations" in file.parts:
            continue  # written by Alembic
        text = file.read_text("utf-8")
        name = file.relative_to(ROOT)
        lines = text.count("\n")
        if lines > MOST_FILE_LINES:
            found.append(f"{name}: {lines} lines, split it by meaning")
        if file.stem in FORBIDDEN_NAMES:
            found.append(f"{name}: a module is not called {file.stem}")
        tree = ast.parse(text)
        if ast.get_docstring(tree) is None:
            found.append(f"{name}: the module has no docstring")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MOST_FUNCTION_LINES:
                    found.append(f"{name}:{node.lineno}: {node.name} has {length} lines")
    return found


def main() -> int:
    """Run every check; returns the number that failed."""
    with ThreadPoolExecutor(3) as pool:
        runs = {
            name: pool.submit(subprocess.run, command, cwd=ROOT, capture_output=True, text=True)
            for name, command in COMMANDS.items()
        }
        failed = 0
        problems = shape_problems(ROOT / "src")
        if problems:
            failed += 1
            print("sizes and names:", *problems, sep="\n  ")
        for name, run in runs.items():
            done = run.result()
            print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'}")
            if done.returncode:
                failed += 1
                print(done.stdout[-20000:], done.stderr[-5000:])
    return failed


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
