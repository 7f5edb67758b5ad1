"""Run the tests with every Python from 3.11 to 3.13 that is found here, each in an environment of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys

from tools.setup_venv import NEWEST, OLDEST, ROOT

VERSIONS = [f"{OLDEST[0]}.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1)]


def main() -> int:
    """Return 1 when the tests fail with one of the versions or none was found; name those that are missing."""
    missing, failed = [], []
    for version in VERSIONS:
        python = working(version)
        if python is None:
            missing.append(version)
            continue
        folder = f".venv-{version}"
        print(f"== Python {version}", flush=True)
        subprocess.run([python, "tools/setup_venv.py", folder], cwd=ROOT, check=True)
        if subprocess.run(
            [str(ROOT / folder / "bin" / "python"), "-m", "tools.test"], cwd=ROOT, check=False
        ).returncode:
            failed.append(version)
    for version in missing:
        print(f"== Python {version}: not found here, not tested")
    for version in failed:
        print(f"== Python {version}: FAILED")
    return 1 if failed or len(missing) == len(VERSIONS) else 0


def working(version: str) -> str | None:
    """Return the command of that Python if it starts and is that version; a version manager's shim may be neither."""
    command = shutil.which(f"python{version}")
    if command is None:
        return None
    asked = [command, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    return command if answer.returncode == 0 and answer.stdout.strip() == version else None


if __name__ == "__main__":
    sys.exit(main())
