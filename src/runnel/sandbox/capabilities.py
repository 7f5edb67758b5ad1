"""What this system offers to lock workers down, and in words what it lacks, for `runnel doctor`."""

from __future__ import annotations

import os
import platform
import sys
from typing import Any

from runnel.sandbox import landlock, linux, seccomp


def _read(path: str) -> str:
    """Return a kernel file's text, empty where there is none."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _user_namespaces() -> bool:
    """Say whether this user may make namespaces (as far as the settings tell)."""
    if not linux.IS_LINUX or not os.path.exists("/proc/self/ns/user"):
        return False
    if os.geteuid() == 0:
        return True
    return _read("/proc/sys/user/max_user_namespaces") not in ("", "0") and (
        _read("/proc/sys/kernel/unprivileged_userns_clone") != "0"
    )


def _cgroup() -> str:
    """Return the version of control groups that this system mounts."""
    if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        return "v2"
    return "v1" if os.path.isdir("/sys/fs/cgroup/memory") else "none"


def capabilities() -> dict[str, Any]:
    """Return what workers can be locked with here; `weaknesses` lists in sentences what is missing, if anything."""
    abi, filtered = landlock.abi_version(), seccomp.available()
    found: dict[str, Any] = {
        "platform": sys.platform,
        "machine": platform.machine(),
        "kernel": platform.release(),
        "user_id": os.geteuid() if hasattr(os, "geteuid") else None,
        "start": "fork" if linux.IS_LINUX else "fork, then import" if hasattr(os, "fork") else "none",
        "landlock_abi": abi,
        "seccomp": filtered,
        "network_namespace": _user_namespaces(),
        "cgroup": _cgroup(),
        "pidfd": hasattr(os, "pidfd_open"),
        "memory_watch": "rss every 20 ms",
    }
    found["weaknesses"] = _weaknesses(found)
    return found


def _weaknesses(found: dict[str, Any]) -> list[str]:
    """Put into words what a missing lock means."""
    abi: int = found["landlock_abi"]
    words: list[str] = []
    if found["start"] == "none":
        words.append("Workers cannot be started on this system: it has no fork.")
    elif found["start"] != "fork":
        words.append(
            "Each worker imports its libraries anew (about half a second): this system cannot fork them safely."
        )
    if abi == 0:
        words.append(
            "No Landlock: a worker can read and write every file that its user can; only DuckDB's own lock holds."
        )
    elif abi < 3:
        words.append(
            f"Landlock ABI {abi} is older than 3: cutting files short is refused by the system call filter only."
        )
    if not found["seccomp"]:
        words.append("No system call filter: a worker can start processes and send signals to others of its user.")
        if not found["network_namespace"]:
            extra = "TCP is refused by Landlock, UDP is not" if abi >= 4 else "nothing refuses it"
            words.append(f"No network namespace either: a worker can reach the network ({extra}).")
    if found["user_id"] == 0:
        words.append("Runs as root: workers keep user id 0 without its special rights; prefer an ordinary user.")
    return words
