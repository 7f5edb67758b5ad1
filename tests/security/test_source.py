"""What the source of the server must not hold: code from data, and the libraries of other processes."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import runnel.server

SERVER = Path(runnel.server.__file__).parent
ACCESS = SERVER.parent / "app" / "access"
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {
    "pickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "jsonpickle",
    "jinja2",
    "ctypes",
    "code",
    "pty",
}
SHELLS = {"subprocess", "os.system", "os.popen", "pty.spawn"}


def sources() -> list[Path]:
    return [*SERVER.rglob("*.py"), *ACCESS.rglob("*.py")]


def test_the_server_makes_no_code_of_data_and_starts_no_shell() -> None:
    found: list[str] = []
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
                found.append(f"{file.name}:{node.lineno} {node.func.id}")
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("yaml.load", "os.system", "os.popen"):
                found.append(f"{file.name}:{node.lineno} {ast.unparse(node.func)}")
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [
                f"{file.name} imports {name}"
                for name in names
                if name.split(".")[0] in FORBIDDEN_MODULES | {"subprocess"}
            ]
    assert not found


def test_only_the_walk_over_routes_imports_by_name() -> None:
    users = [file.name for file in sources() if "import_module" in file.read_text("utf-8")]
    assert users == ["routing.py"]


def test_sql_is_never_pasted_together() -> None:
    found = []
    for file in [*sources(), *(SERVER.parent / "store").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) and node.args else ""
            if called == "sa.text" and isinstance(node.args[0], ast.JoinedStr | ast.BinOp):  # type: ignore[attr-defined]
                found.append(f"{file.name}:{node.lineno}")
    assert not found


def test_the_server_process_loads_no_engine() -> None:
    """In a fresh process: the application with every route, and all that its start imports."""
    code = (
        "import sys, runnel.server.starting, runnel.server.opening, runnel.server.routing as r; r.discover();"
        "print([m for m in ('duckdb', 'pyarrow', 'deltalake', 'pandas', 'numpy', 'sqlglot') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
