"""The commands of the guide to the API, sent as they stand there to a real server."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import httpx
import pytest

from building import fresh_folder
from running import running

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "api.md"


def sent(command: str, url: str, token: str) -> httpx.Response:
    """Send what a curl command says; only the options of the guide are understood."""
    words = shlex.split(command.replace("$TOKEN", token).replace("$URL", url))
    headers: dict[str, str] = {}
    body: str | None = None
    target = ""
    rest = iter(words[1:])
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(rest)
        else:
            target = word
    return httpx.request("GET" if body is None else "POST", target, headers=headers, content=body, timeout=60)


@pytest.mark.row("M-003-494", "M-003-479")
def test_every_command_of_the_guide_works_and_the_last_one_shows_the_rows():
    blocks = re.findall(r"```bash\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines() if line.startswith("curl ")]
    assert len(commands) >= 7
    with fresh_folder() as folder, running(folder) as server:
        token = str(server.api.headers["authorization"]).removeprefix("Bearer ")
        for command in commands:
            answer = sent(command, server.url, token)
            assert answer.status_code < 300, f"{command}\n{answer.status_code} {answer.text}"
            if "execute" in command:
                server.ended(answer.json()["run_id"])
        assert answer.text.split() == ["n", "2", "3"]
