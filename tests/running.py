"""A real server in a process of its own: `runnel up` in a folder, an HTTP client with a token, and the way to kill it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

RUNNEL = str(Path(sys.executable).parent / "runnel")
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("RUNNEL_")}


@dataclass
class Running:
    """A server process; `api` is a client of its API with an admin's token."""

    root: Path
    process: subprocess.Popen[bytes]
    url: str
    link: str
    api: httpx.Client = field(default_factory=httpx.Client)
    ready_at: float = 0.0
    """When `/readyz` answered 200, by `time.perf_counter()`."""

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON of an answer; fails unless it is good."""
        return _good(self.api.get(path, params=query))

    def post(self, path: str, body: Any = None) -> Any:
        """Return the JSON of the answer to a POST; fails unless it is good."""
        return _good(self.api.post(path, json={} if body is None else body))

    def run(self, name: str, **how: Any) -> dict[str, Any]:
        """Run a pipeline and return the run when it has ended."""
        started = self.post(f"/pipelines/{name}/execute", how)
        return self.ended(started["run_id"])

    def ended(self, run_id: str, seconds: float = 60) -> dict[str, Any]:
        """Wait until a run has ended and return it."""
        return until(lambda: _done(self.get(f"/runs/{run_id}")), seconds)

    def kill(self) -> None:
        """Kill the server as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End the server in order; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def _good(answer: httpx.Response) -> Any:
    assert answer.status_code < 300, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:800]}"
    return answer.json() if answer.content else None


def _done(run: dict[str, Any]) -> dict[str, Any] | None:
    return run if run["status"] not in ("pending", "running", "retrying") else None


def until(look: Any, seconds: float = 30) -> Any:
    """Return the first truthy answer of a question that is asked again and again; fails when none came in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing came within {seconds} s")


def start(root: Path, *arguments: str) -> Running:
    """Start `runnel up` in a folder on a free port and wait until it is ready."""
    (root / "runnel.toml").touch()
    command = [RUNNEL, "up", "--no-open", "--json", "--port", "0", *arguments]
    log = open(root / "server.log", "ab")  # noqa: SIM115 - the process keeps it
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=log, env=ENVIRONMENT)
    log.close()
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, (root / "server.log").read_text("utf-8")[-2000:]
    told = json.loads(line)
    until(lambda: httpx.get(told["url"] + "/readyz").status_code == 200)
    ready_at = time.perf_counter()
    made = subprocess.run([RUNNEL, "tokens", "create", "--name", "tests", "--json"], cwd=root, env=ENVIRONMENT,
                          capture_output=True, check=True)  # fmt: skip
    headers = {"authorization": f"Bearer {json.loads(made.stdout)['token']}"}
    api = httpx.Client(base_url=told["url"] + "/api/v1", headers=headers, timeout=60)
    return Running(root, process, told["url"], told["link"], api, ready_at)


@contextmanager
def running(root: Path, *arguments: str) -> Iterator[Running]:
    """A server that is ended whatever happens."""
    server = start(root, *arguments)
    try:
        yield server
    finally:
        server.api.close()
        if server.process.poll() is None:
            server.stop()
