"""The durable logs of a project by name; implements `runnel.sdk.streaming.Logs`."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from runnel.errors import AuthoringError
from runnel.store.log.durable import DurableLog, locked
from runnel.store.log.outcomes import LogOptions
from runnel.store.log.reading import SegmentLogReader
from runnel.store.removal import remove_whole

FOLDER = "logs"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,201}")


class ProjectLogs:
    """Opens logs below a state folder."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER

    def reader(self, name: str, reader: str) -> SegmentLogReader:
        """Open a log for reading; one that nobody wrote yet is empty. `reader` is who releases (see `LogReader`)."""
        return SegmentLogReader(self._folder_of(name))

    def writer(self, name: str, options: LogOptions | None = None, *, max_bytes: int | None = None) -> DurableLog:
        """Open a log for writing; raises ConnectorError when it has a writer."""
        if max_bytes is not None:
            options = replace(options or LogOptions(), max_bytes=max_bytes)
        return DurableLog(self._folder_of(name), options)

    def remove(self, name: str) -> None:
        """Remove a log with everything in it, at once for whoever looks; raises ConnectorError while it has a writer."""
        folder = self._folder_of(name)
        writing = locked(folder)
        try:
            remove_whole(folder)
        finally:
            os.close(writing)

    def _folder_of(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise AuthoringError("RNL-LOG-010", f"`{name[:60]}` is no name of a log", "Use letters, digits, . _ -.")
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder
