"""What becomes of streams when their server ends, in order or by a kill, and starts again."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest

from building import fresh_folder
from running import ENVIRONMENT, RUNNEL, Running, running, until

FLOW = """\
runnel: 1
name: {name}
nodes:
  events:
    kind: source.simulate
    config: {{columns: {{id: sequence}}, rate_per_second: 500}}
  saved:
    kind: sink.dataset
    from: events
    config: {{name: {name}, mode: append}}
"""



def ids_of(server: Running, name: str) -> list[int]:
    """Return the numbers in a dataset."""
    command = [RUNNEL, "datasets", "read", name, "--format", "json"]
    done = subprocess.run(command, cwd=server.root, env=ENVIRONMENT, capture_output=True, check=True)
    return [row["id"] for row in json.loads(done.stdout)]


def status(server: Running, name: str) -> str:
    """Return how a stream stands."""
    return str(server.get(f"/streams/{name}")["status"])


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_streams_go_on_as_they_were_wanted(how: signal.Signals) -> None:
    with fresh_folder() as folder:
        for name in ("ran", "waited", "ended"):
            (folder / f"{name}.runnel.yaml").write_text(FLOW.format(name=name), "utf-8")
        with running(folder) as server:
            for name in ("ran", "waited", "ended"):
                server.post(f"/streams/{name}/start")
            for name in ("ran", "waited", "ended"):
                until(lambda name=name: server.api.get(f"/streams/{name}").json().get("ports", {}).get("events.output"), 90)
            server.post("/streams/waited/pause")
            server.post("/streams/ended/drain")
            until(lambda: status(server, "waited") == "paused" and status(server, "ended") == "drained", 90)
            server.process.send_signal(how)
            server.process.wait(60)
        with running(folder) as server:
            until(lambda: status(server, "ran") == "running", 90)
            before = server.get("/streams/ran")["ports"]["events.output"]
            until(lambda: server.get("/streams/ran")["ports"]["events.output"] > before + 500, 90)
            assert status(server, "waited") == "paused"
            assert status(server, "ended") == "drained"
            server.post("/streams/waited/resume")
            until(lambda: status(server, "waited") == "running", 90)
            for name in ("ran", "waited"):
                server.post(f"/streams/{name}/drain")
                until(lambda name=name: status(server, name) == "drained", 90)
            for name in ("ran", "waited", "ended"):
                ids = sorted(ids_of(server, name))
                assert ids == [*range(1, len(ids) + 1)] and ids
