"""Start, stop and look at services by hand: `python -m tools.services postgres start|stop|status`."""

from __future__ import annotations

import importlib
import sys


def main(args: list[str]) -> int:
    """Run one verb of one service and print its address or state; returns the exit code."""
    if len(args) != 2 or args[1] not in ("start", "stop", "status"):
        print("usage: python -m tools.services NAME start|stop|status", file=sys.stderr)
        return 2
    service = importlib.import_module(f"tools.services.{args[0]}")
    try:
        print({"start": service.start, "stop": service.stop, "status": service.status}[args[1]]())
    except service.ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
