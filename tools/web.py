"""The editor: installs its packages, builds it into the server, checks and tests it; Node.js comes from a pinned package."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools import docs_assets
from tools.node import environment

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
MODULES = WEB / "node_modules"
STATIC = ROOT / "src" / "runnel" / "server" / "static"
BUILT = STATIC / "app"
PACKED = (".js", ".css", ".html", ".svg", ".json")
LEAST_PACKED_BYTES = 1024


def npm(*arguments: str) -> None:
    """Run npm in the editor's folder; raises CalledProcessError."""
    subprocess.run(["npm", *arguments], cwd=WEB, env=environment(), check=True)


def install() -> None:
    """Install the locked packages, unless they are there."""
    stamp = MODULES / ".installed"
    wanted = _digest([WEB / "package.json", WEB / "package-lock.json"])
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        # Not `ci`: it refuses a lock that leaves out packages for other systems, which a registry need not have.
        npm("install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error")
        stamp.write_text(wanted, "utf-8")


def build() -> None:
    """Build the editor and the pages of the API into the server's static files, unless nothing changed since."""
    build_docs()
    install()
    stamp = STATIC / ".built"
    wanted = _digest(sorted(_sources()))
    if stamp.exists() and stamp.read_text("utf-8") == wanted and (BUILT / "index.html").exists():
        return
    shutil.rmtree(BUILT, ignore_errors=True)
    npm("run", "--silent", "build")
    for file in sorted(BUILT.rglob("*")):
        if file.suffix in PACKED and file.stat().st_size >= LEAST_PACKED_BYTES:
            file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))
    stamp.write_text(wanted, "utf-8")


def build_docs() -> None:
    """Fetch the files of /docs and /redoc, unless they are there."""
    stamp = STATIC / "docs" / ".built"
    wanted = _digest([ROOT / "tools" / "docs_assets.py"])
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        docs_assets.main()
        stamp.write_text(wanted, "utf-8")


def check() -> None:
    """Check types, style, layers and unused code."""
    install()
    npm("run", "--silent", "check")


def test() -> None:
    """Run the editor's own tests."""
    install()
    npm("test", "--silent")


def _sources() -> Iterator[Path]:
    for name in ("package.json", "package-lock.json", "index.html", "vite.config.ts", "tsconfig.json"):
        yield WEB / name
    for folder in (WEB / "src", WEB / "public"):
        yield from (path for path in folder.rglob("*") if path.is_file())


def _digest(files: list[Path]) -> str:
    made = hashlib.sha256()
    for file in files:
        made.update(str(file.relative_to(ROOT)).encode())
        made.update(file.read_bytes() if file.exists() else b"")
    return made.hexdigest()


if __name__ == "__main__":
    {"install": install, "build": build, "check": check, "test": test}[sys.argv[1]]()
