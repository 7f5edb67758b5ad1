"""Paused wires over the API: what can be paused, who did it, and that it lasts when the server is killed."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from building import fresh_folder
from running import ENVIRONMENT, RUNNEL, Running, running, until

FLOW = """\
runnel: 1
name: flow
nodes:
  left:
    kind: source.simulate
    config: {columns: {id: sequence, v: "integer(1,10)"}, rate_per_second: 300}
  right:
    kind: source.simulate
    config: {columns: {id: sequence, v: "integer(1,10)"}, rate_per_second: 300}
  some: {kind: table.filter, from: left, config: {where: "v > 0"}}
  more: {kind: table.filter, from: some, config: {where: "v > 0"}}
  kept: {kind: sink.dataset, from: more, config: {name: kept, mode: append}}
  seen: {kind: sink.dataset, from: right, config: {name: seen, mode: append}}
"""


def ids_of(server: Running, name: str) -> list[int]:
    command = [RUNNEL, "datasets", "read", name, "--format", "json"]
    done = subprocess.run(command, cwd=server.root, env=ENVIRONMENT, capture_output=True, check=True)
    return sorted(row["id"] for row in json.loads(done.stdout))


def status(server: Running) -> dict[str, Any]:
    return server.get("/streams/flow")


def obeyed(server: Running) -> set[tuple[str, str]]:
    return {(one["node"], one["end"]) for one in status(server)["pauses"] if one["in_effect"]}


@pytest.mark.row("M-003-204")
def test_a_paused_wire_outlives_a_killed_server_and_loses_nothing() -> None:
    with fresh_folder() as folder:
        (folder / "flow.runnel.yaml").write_text(FLOW, "utf-8")
        with running(folder) as server:
            assert server.api.post("/streams/flow/edges/more->kept/pause").status_code == 404, "it was never started"
            server.post("/streams/flow/start")
            until(lambda: server.api.get("/streams/flow").json().get("outbox", {}).get("kept", {}).get("delivered"), 90)
            made = server.post("/streams/flow/edges/more.output->kept.input/pause")
            assert made["changed"] and made["node"] == "kept" and made["edges"] == ["more.output->kept.input"]
            assert not server.post("/streams/flow/edges/more->kept/pause")["changed"]
            refused = server.api.post("/streams/flow/edges/some.output->more.input/pause")
            assert refused.status_code == 422 and refused.json()["code"] == "RNL-STREAM-068"
            assert "left.output->some.input" in refused.json()["hint"] and "more.output->kept.input" in refused.json()["hint"]
            unknown = server.api.post("/streams/flow/edges/left->seen/resume")
            assert unknown.status_code == 422 and unknown.json()["code"] == "RNL-STREAM-067"
            holds = {f"{edge['from']}->{edge['to']}": edge["holds"] for edge in status(server)["edges"]}
            assert holds["some.output->more.input"] is None
            assert holds["left.output->some.input"] == {"node": "left", "end": "source"}
            assert holds["right.output->seen.input"] == {"node": "seen", "end": "sink"}, "the sink is nearer than the source"
            until(lambda: obeyed(server) == {("kept", "sink")})
            server.kill()
        with running(folder) as server:
            until(lambda: obeyed(server) == {("kept", "sink")}, 90)
            before = status(server)
            until(lambda: status(server)["outbox"]["seen"]["delivered"] > before["outbox"]["seen"]["delivered"] + 2)
            now = status(server)
            assert now["outbox"]["kept"]["delivered"] == before["outbox"]["kept"]["delivered"]
            assert now["outbox"]["kept"]["epochs"] > 0 and now["ledger"]["balanced"]
            server.post("/streams/flow/edges/left->some/pause")
            until(lambda: ("left", "source") in obeyed(server))
            stood = status(server)["positions"]["left"]
            read = status(server)["ports"]["right.output"]
            until(lambda: status(server)["ports"]["right.output"] > read + 300)
            assert status(server)["positions"]["left"] == stood
            server.post("/streams/flow/edges/left->some/resume")
            assert server.post("/streams/flow/edges/more->kept/resume")["changed"]
            until(lambda: status(server)["pauses"] == [] and status(server)["outbox"]["kept"]["epochs"] <= 1)
            until(lambda: status(server)["positions"]["left"] != stood)
            server.post("/streams/flow/drain")
            until(lambda: status(server)["status"] == "drained", 60)
            for name in ("kept", "seen"):
                found = ids_of(server, name)
                assert found and found == [*range(1, len(found) + 1)], "a row was lost or doubled"
            noted = [one for one in server.get("/audit")["items"] if one["action"] == "streams.pause_edge" and one["outcome"] == "done"]
            assert {edge for one in noted for edge in one["after"]["edges"]} == {
                "more.output->kept.input", "left.output->some.input"
            }  # fmt: skip
