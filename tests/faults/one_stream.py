"""One stream in a process of its own, with what a test may choose: how long a lease is, at which durable step it dies or freezes.

`python one_stream.py FILE '{"lease_seconds": 1.0, "die_at": -7}'` prints how it ended as JSON. A negative `die_at` freezes the
stream's process at that step in place of killing it.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from runnel.app.project import Project
from runnel.errors import RunnelError


def told_in(path: Path) -> Callable[[str, Mapping[str, Any]], None]:
    """Return what keeps the news of a stream, but for its status, in a file of JSON lines."""

    def tell(kind: str, data: Mapping[str, Any]) -> None:
        if kind in ("restarted", "blocked"):
            with path.open("a") as file:
                file.write(json.dumps({"kind": kind, **data}, default=str) + "\n")

    return tell


def main(file: str, given: dict[str, Any]) -> int:
    project = Project(Path(file).parent, environ={})
    project.workers.start(streams=True)  # it imports beside this process
    from runnel.app.pipelines import read
    from runnel.app.streams import renewing
    from runnel.app.streams.running import StreamRunOptions, run_stream
    from runnel.store import streams

    told = told_in(Path(given.pop("told"))) if "told" in given else None
    renewing.LOOK_SECONDS = given.pop("look_seconds", renewing.LOOK_SECONDS)
    streams.LEASE_SECONDS = given.pop("lease_seconds", streams.LEASE_SECONDS)
    cancel = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: cancel.set())
    try:
        report = run_stream(project, read(file), StreamRunOptions(**given), told, cancel)
    except RunnelError as error:
        print(json.dumps({"how": "refused", "error": error.to_json()}))
        return 1
    finally:
        project.close()
    print(json.dumps({
        "how": report.how, "starts": report.starts, "ledger": report.ledger, "letters": dict(report.letters),
        "error": report.error.to_json() if report.error else None, "status": report.status,
    }, default=str))  # fmt: skip
    return 1 if report.error else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], json.loads(sys.argv[2])))
