"""Where a project and its state live, and the settings that apply there, each with where it came from."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runnel.errors import AuthoringError

STATE = ".runnel"
PROJECT_FILE = "runnel.toml"
USER_FILE = Path("~/.config/runnel/config.toml")

DEFAULTS: Mapping[str, Any] = {
    "home": None,
    "database_url": None,
    "memory": "2GB",
    "timeout_seconds": None,
    "cache_bytes": 10 * 1024**3,
    "cache_days": 30,
    "runs_days": 90,
    "letter_bytes": 64 * 1024**2,
    "log_bytes": 1024**3,
    "dataset_days": 30,
    "stream_version_hours": 24,
    "roots": [],
    "env_allow": [],
    "egress_allow": [],
    "preview_rows": 100,
    "preview_seconds": 60,
    "decode_cache_bytes": 512 * 1024**2,
    "host": "127.0.0.1",
    "port": 8377,
    "public_url": None,
    "upload_bytes": 100 * 1000**2,
    "session_hours": 24,
    "share_days": 30,
    "requests_per_second": 600,
    "requests_per_minute": 30_000,
    "ingest_bytes_per_second": 1024**3,
}


@dataclass(frozen=True)
class Setting:
    """One setting: its value and which of flag, environment, project, user or default gave it."""

    name: str
    value: Any
    origin: str


def find_root(start: str | os.PathLike[str]) -> Path:
    """Return the project root: the nearest ancestor with `.runnel/` or `runnel.toml`, else the folder itself."""
    folder = Path(start).resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / STATE).is_dir() or (candidate / PROJECT_FILE).is_file():
            return candidate
    return folder


def read_settings(root: Path, environ: Mapping[str, str], flags: Mapping[str, Any] | None = None) -> dict[str, Setting]:
    """Return every setting; flags win over `RUNNEL_…` variables, those over project, user and default."""
    made: dict[str, Setting] = {}
    project = _toml(root / PROJECT_FILE)
    user = _toml(USER_FILE.expanduser())
    for name, default in DEFAULTS.items():
        value, origin = default, "default"
        for source, values in (("user", user), ("project", project)):
            if name in values:
                value, origin = values[name], source
        found = _from_environment(name, environ)
        if found is not None:
            value, origin = _typed(name, found, default), "environment"
        if flags and flags.get(name) is not None:
            value, origin = flags[name], "flag"
        made[name] = Setting(name, value, origin)
    return made


def _toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AuthoringError("RNL-SETTING-001", f"reading {path}: {error}", "Correct the file.") from error


def _from_environment(name: str, environ: Mapping[str, str]) -> str | None:
    key = "RUNNEL_" + name.upper()
    if key in environ:
        return environ[key]
    if key + "_FILE" in environ:
        return Path(environ[key + "_FILE"]).read_text("utf-8").strip()
    return None


def _typed(name: str, text: str, default: Any) -> Any:
    if name == "egress_allow":  # its entries carry ports, so that the separator of paths does not fit
        return text.replace(",", " ").split()
    if isinstance(default, list):
        return [part for part in text.split(os.pathsep) if part]
    if isinstance(default, int) or name.endswith(("_seconds", "_days")):
        try:
            return int(text)
        except ValueError as error:
            what = f"the setting {name} is {text!r}, but a whole number is expected"
            raise AuthoringError("RNL-SETTING-002", what, "Check RUNNEL_" + name.upper()) from error
    return text


_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tb": 10**12}


def byte_size(text: str | int) -> int:
    """Read a size such as `512MB` or `2GiB`; returns bytes."""
    if isinstance(text, int):
        return text
    number = text.strip().lower().rstrip("bikmgt")
    unit = text.strip().lower()[len(number) :]
    try:
        return int(float(number) * _UNITS[unit.strip()])
    except (KeyError, ValueError) as error:
        raise AuthoringError(
            "RNL-SETTING-003", f"`{text}` is no size", "Write a number with a unit, e.g. 512MB or 2GiB."
        ) from error
