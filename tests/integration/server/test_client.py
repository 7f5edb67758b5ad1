"""The types of the editor's client are those of the server that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from running import Running

WEB = Path(__file__).resolve().parents[3] / "web"


def test_the_types_of_the_client_are_made_from_what_the_server_says(server: Running):
    node = Path(sys.executable).parent / "node"
    environment = {**os.environ, "RUNNEL_DEV_SERVER": str(server.api.base_url).split("/api/")[0]}
    done = subprocess.run(
        [node, "tools/api.mjs", "--check"], cwd=WEB, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
