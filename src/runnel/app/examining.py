"""Examining a machine and a project: each check says what it found and what to do about it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runnel.app.project import Project

EXTRAS = {"psycopg": "postgres", "confluent_kafka": "kafka", "paho": "mqtt"}
LEAST_FREE_BYTES = 1024**3


def examine(project: Project) -> list[dict[str, str]]:
    """Return the checks: name, status (ok, warning, error), what was found, and a hint."""
    return [
        _check("runnel", "ok", f"{version()} on Python {platform.python_version()}, {sys.platform}"),
        _packages(), _extras(), _state(project), _disk(project), _memory(project), *_sandbox(), _worker(project),
        _plugins(project), _runs(project),
    ]  # fmt: skip


def version() -> str:
    """Return the version that is installed."""
    from importlib.metadata import version as installed

    return installed("runnel")


def _check(name: str, status: str, what: str, hint: str = "") -> dict[str, str]:
    return {"name": name, "status": status, "what": what, "hint": hint}


def _packages() -> dict[str, str]:
    needed = ("duckdb", "pyarrow", "sqlglot", "deltalake", "fastexcel", "lxml", "fastavro")
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        return _check("packages", "error", f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")
    return _check("packages", "ok", "every package of the core is there")


def _extras() -> dict[str, str]:
    missing = [extra for module, extra in EXTRAS.items() if importlib.util.find_spec(module) is None]
    if missing:
        return _check(
            "extras", "ok", f"not installed: {', '.join(missing)}", f'pip install "runnel[{",".join(missing)}]"'
        )
    return _check("extras", "ok", "all installed")


def _state(project: Project) -> dict[str, str]:
    try:
        home = project.home
        probe = home / f".probe-{os.getpid()}"
        probe.write_text("", "utf-8")
        probe.unlink()
    except OSError as error:
        return _check("state folder", "error", f"cannot be written: {error}", "Set RUNNEL_HOME to a folder of yours.")
    return _check("state folder", "ok", str(home))


def _disk(project: Project) -> dict[str, str]:
    free = shutil.disk_usage(project.home).free
    words = f"{free / 1e9:.1f} GB free at {project.home}"
    if free < LEAST_FREE_BYTES:
        return _check("disk", "warning", words, "Free space, or run `runnel gc`.")
    return _check("disk", "ok", words)


def _memory(project: Project) -> dict[str, str]:
    import psutil

    there, wanted = psutil.virtual_memory().total, project.memory_bytes
    words = f"{there / 1e9:.1f} GB, workers may use {wanted / 1e9:.1f} GB each"
    if wanted > there:
        return _check("memory", "warning", words, "Lower the setting `memory`.")
    return _check("memory", "ok", words)


def _sandbox() -> list[dict[str, str]]:
    from runnel.sandbox import capabilities

    found: dict[str, Any] = capabilities()
    weak = [str(words) for words in found.get("weaknesses", [])]
    if not weak:
        return [_check("sandbox", "ok", "Landlock, system call filter and limits hold")]
    return [_check("sandbox", "warning", words) for words in weak]


def _worker(project: Project) -> dict[str, str]:
    from runnel.errors import RunnelError

    try:
        with project.workers.open([], [], timeout_seconds=30) as worker:
            answer = worker.call("describe", {"sql": "SELECT 1 AS one", "tables": {}})
    except RunnelError as error:
        return _check("worker", "error", error.what, error.hint)
    return _check("worker", "ok", f"answers ({answer['columns']})")


def _plugins(project: Project) -> dict[str, str]:
    broken = project.catalog.broken
    if broken:
        words = "; ".join(f"{item.name}: {item.error}" for item in broken)
        return _check("plugins", "warning", f"could not be loaded: {words}", "Reinstall or remove them.")
    return _check("plugins", "ok", f"{len(project.catalog.nodes)} node kinds")


def _runs(project: Project) -> dict[str, str]:
    from runnel.app.recovering import recover

    recovered = recover(project)
    if recovered:
        return _check("runs", "warning", f"{len(recovered)} run(s) had died and are marked as failed")
    return _check("runs", "ok", "none is left over")
