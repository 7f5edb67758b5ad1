"""The log of a Delta table as files: which commits it has, and what each of them did.

It is read here where deltalake (1.6) does not tell it: `DeltaTable.history` numbers its entries from the version that the table
had when it was opened, lists also what others have committed since, and leaves the single actions out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

_COMMIT = re.compile(r"(\d{20})\.json")


def log_folder(location: Path | str) -> Path:
    """Return the folder of a table's log."""
    return Path(location, "_delta_log")


def commits(location: Path | str) -> list[int]:
    """Return the versions whose commits the log has, oldest first; empty where there is no table."""
    log = log_folder(location)
    names = (_COMMIT.fullmatch(file.name) for file in (log.iterdir() if log.is_dir() else ()))
    return sorted(int(name[1]) for name in names if name)


def commit_file(location: Path | str, version: int) -> Path:
    """Return the file of the commit that made a version."""
    return log_folder(location) / f"{version:020}.json"


def actions(location: Path | str, version: int, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the actions of these kinds (`add`, `remove`, `txn`, `commitInfo` …) of a commit, in their order.

    Raises FileNotFoundError where the log does not have the commit any more.
    """
    for line in commit_file(location, version).read_text("utf-8").splitlines():
        if any(f'"{kind}"' in line for kind in kinds):  # most lines are not asked for, and long
            yield from ((kind, action) for kind, action in json.loads(line).items() if kind in kinds)


def path_of(action: dict[str, Any]) -> str:
    """Return the file that an `add` or `remove` names, as its path in the table's folder."""
    return unquote(str(action["path"]))
