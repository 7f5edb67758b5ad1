"""`make up`: serves the editor in the folder `workspace`, with the examples in it, and prints the link that logs in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Become the server, so that signals reach it."""
    folder = ROOT / "workspace"
    folder.mkdir(exist_ok=True)
    (folder / "runnel.toml").touch()
    program = str(Path(sys.executable).parent / "runnel")
    os.chdir(folder)
    os.execv(program, [program, "up", "--examples", *sys.argv[1:]])


if __name__ == "__main__":
    main()
