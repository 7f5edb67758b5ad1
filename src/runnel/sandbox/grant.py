"""What a worker may touch (`Grant`) and how much it may use (`Limits`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from runnel.errors import InternalError
from runnel.sandbox import codes


def default_tasks() -> int:
    """Return how many threads a worker may have: room for two pools per processor."""
    return max(64, 8 * (os.cpu_count() or 1))


def _absolute(paths: tuple[str | os.PathLike[str], ...]) -> tuple[str, ...]:
    """Return the paths as absolute text, sorted and without doubles, so that equal grants compare equal."""
    return tuple(sorted({os.path.abspath(os.fspath(path)) for path in paths}))


@dataclass(frozen=True)
class Grant:
    """The files and folders a worker may read, those it may write, and whether it may use the network.

    A folder grants all below it. Symbolic links inside a granted folder that lead outside of it are refused; a
    granted path that is itself a link grants its target. A write grant includes reading.
    """

    read: tuple[str | os.PathLike[str], ...] = ()
    write: tuple[str | os.PathLike[str], ...] = ()
    network: bool = False

    def __post_init__(self) -> None:
        for name in ("read", "write"):
            paths = _absolute(getattr(self, name))
            if "/" in paths:
                raise InternalError(
                    codes.GRANT, f"granting {name} access to the whole file system", "grant the folders that are needed"
                )
            object.__setattr__(self, name, paths)

    def to_json(self) -> dict[str, Any]:
        """Return the form that travels to the worker."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Grant:
        """Read the form that `to_json` wrote."""
        return cls(read=tuple(data["read"]), write=tuple(data["write"]), network=bool(data["network"]))


@dataclass(frozen=True)
class Limits:
    """How much a worker may use; `None` means no limit.

    `memory_bytes` is anonymous and shared memory beyond what the zygote brought along (mapped input files do not
    count). `timeout_seconds` is wall clock and `cpu_seconds` processor time, both per call. `processes` counts
    threads and processes together (where the system filters calls, a worker can start threads only).
    `file_bytes` bounds each file that the worker writes, its log included. `arenas` is how many arenas of malloc its threads
    share (where the C library has them): each keeps the most that it ever held, so that a worker that lives for days wants few.
    """

    memory_bytes: int | None = None
    timeout_seconds: float | None = None
    cpu_seconds: int | None = None
    file_bytes: int | None = None
    open_files: int = 1024
    processes: int = field(default_factory=default_tasks)
    arenas: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the form that travels to the worker."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Limits:
        """Read the form that `to_json` wrote."""
        return cls(**data)
