"""Make the virtual environment from the lock file; uses only what Python itself brings."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)
UV = "uv==0.13.8"


def main(target: str) -> None:
    """Make `target` and install the locked packages and the project into it."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"Runnel runs on Python 3.11 to 3.13, and this is {found}. Try `make PYTHON=python3.11 ...`.")
    folder = ROOT / target
    python = str(folder / "bin" / "python")
    if not Path(python).exists():
        venv.create(folder, with_pip=True)
    environment = {**os.environ, "VIRTUAL_ENV": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def run(*command: str) -> None:
        subprocess.run(command, check=True, cwd=ROOT, env=environment)

    run(python, "-m", "pip", "install", "--quiet", UV)
    uv = str(folder / "bin" / "uv")
    install = (uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python)
    run(*install, "--require-hashes", "-r", "requirements.lock")
    run(*install, "--no-deps", "--no-build-isolation", "--editable", ".")
    run(python, "-m", "compileall", "-q", "src")


if __name__ == "__main__":
    main(sys.argv[1])
