"""The types of the editor's client are those of the server that runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools.node import environment

from running import Running

WEB = Path(__file__).resolve().parents[3] / "web"


def test_the_types_of_the_client_are_made_from_what_the_server_says(server: Running):
    env = {**environment(), "RUNNEL_DEV_SERVER": str(server.api.base_url).split("/api/")[0]}
    command = ["node", "tools/api.mjs", "--check"]
    done = subprocess.run(command, cwd=WEB, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
