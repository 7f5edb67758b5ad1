"""Who owns a run: host, boot, process and its start time, so that a dead owner is known for certain."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Return what tells this boot of the machine from others."""
    return BOOT_ID.read_text().strip() if BOOT_ID.exists() else "unknown"


def process_start(pid: int) -> str | None:
    """Return when a process started, or None when there is no such process (a zombie counts as gone)."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[19]
    import psutil

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def myself() -> dict[str, Any]:
    """Return the owner that this process is."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "boot": boot_id(), "pid": pid, "started": process_start(pid)}


def is_dead(owner: Mapping[str, Any]) -> bool:
    """Tell whether an owner is certainly gone; another host cannot be judged from here."""
    if owner.get("host") != socket.gethostname():
        return False
    if owner.get("boot") != boot_id():
        return True
    started = process_start(int(owner["pid"]))
    return started is None or started != owner.get("started")
