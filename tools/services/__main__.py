"""Services by hand: `python -m tools.services NAME start|stop|status|run`; NAME may be several with commas, or `all`."""

from __future__ import annotations

import contextlib
import json
import signal
import sys

from tools.services import sharing
from tools.services.instances import ServiceError

VERBS = ("start", "stop", "status", "run")


def main(args: list[str]) -> int:
    """Run one verb of services and print their addresses or states; returns the exit code."""
    if len(args) != 2 or args[1] not in VERBS:
        print(f"usage: python -m tools.services NAME start|stop|status|run\nNAME: all, {', '.join(sharing.names())}")
        return 2
    wanted = sharing.names() if args[0] == "all" else args[0].split(",")
    try:
        services = [sharing.find(name) for name in wanted]
        if args[1] == "run":
            _run(services)
            return 0
        for service in services:
            if args[1] == "stop":
                sharing.stop(service)
            _tell(service, sharing.start(service) if args[1] == "start" else sharing.status(service))
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _tell(service: sharing.Service, found: sharing.Running | None) -> None:
    print(f"{service.name}: {found.address if found else 'stopped'}")
    if found:
        print(f"  export {service.environment}={found.address}")
        for name, value in found.details.items():
            print(f"  {name}: {value if isinstance(value, str) else json.dumps(value)}")


def _run(services: list[sharing.Service]) -> None:
    with contextlib.ExitStack() as held:
        for service in services:
            _tell(service, held.enter_context(sharing.running(service)))
        print("until Ctrl-C", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
