"""The entry of `runnel`: finds the verb, and turns errors into words and exit codes."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with the verb's exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given in (["version"], ["--version"]):
        from runnel import __version__

        print(__version__)  # noqa: T201 - the fast path of the one verb that needs nothing
        return
    # Starting makes a hundred thousand objects that stay; looking through them again and again is a tenth of the time.
    gc.set_threshold(100_000, 20, 20)
    from runnel.cli.application import run

    sys.exit(run(given))


if __name__ == "__main__":
    main()
