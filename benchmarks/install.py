"""How large the core install is: the project with its core dependencies alone, in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOAL_MB = 500


def _bytes(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def main() -> list[str]:
    uv = Path(sys.executable).parent / "uv"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder, with_pip=False)
        python = next((folder / "bin").glob("python3"))
        begun = time.perf_counter()
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, str(ROOT)], check=True)
        took = time.perf_counter() - begun
        size = _bytes(folder)
        packages = sorted(
            ((_bytes(entry) if entry.is_dir() else entry.stat().st_size, entry.name) for entry in next((folder / "lib").glob("*/site-packages")).iterdir()),
            reverse=True,
        )[:6]
    shown = ", ".join(f"{name.partition('.')[0]} {size / 1e6:.0f}" for size, name in packages)
    return [
        "## Core install", "", "Command: `make bench NAME=install`.", "",
        f"{size / 1e6:.0f} MB (goal ≤ {GOAL_MB} MB) in {took:.0f} s; the largest, in MB: {shown}.",
    ]  # fmt: skip
