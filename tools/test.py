"""`make test`: every check and every test; fails when one of them fails."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the static checks, then the tests in parallel, then those in a browser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-j", "--jobs", default="3")
    jobs = parser.parse_args().jobs
    pytest = [sys.executable, "-m", "pytest", "--dist", "loadscope", "--durations", "15"]
    steps = {
        "check": [sys.executable, "-m", "tools.check"],
        "editor": [sys.executable, "-m", "tools.web", "test"],
        "tests": [*pytest, "-n", jobs, "tests", "--ignore", "tests/e2e"],
        # apart: a browser keeps an event loop running in its process; and each is several processes by itself
        "browser": [*pytest, "-n", str(min(2, int(jobs))), "tests/e2e"],
    }
    failed: list[str] = []
    for name, command in steps.items():
        begun = time.monotonic()
        print(f"== {name}", flush=True)
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        print(f"== {name}: {'ok' if code == 0 else f'FAILED ({code})'} in {time.monotonic() - begun:.0f} s", flush=True)
        if code:
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
