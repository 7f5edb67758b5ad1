"""Bases: the whole state in one file, written beside the stream, read back before it counts; and the old files that go."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from runnel.runtime.stream.checkpoints import Kept, Place
from runnel.runtime.stream.failpoints import point
from runnel.runtime.stream.files import Section, StreamFile, write_file
from runnel.runtime.stream.held import forget_old

HELD_SECONDS = 600.0
"""So long a table to join with is kept though nothing names it yet, or any more."""


class BaseWriter:
    """Writes one base at a time in a thread. What it writes is immutable, so that the stream goes on meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._thread: threading.Thread | None = None
        self._made: Kept | None = None
        self._error: BaseException | None = None
        self._adopted = 0

    @property
    def busy(self) -> bool:
        """Whether a base is being written, or waits for the next row."""
        return self._thread is not None

    def begin(self, epoch: int, token: int, sections: Sequence[Section], place: Place) -> None:
        """Begin to write the state after an epoch."""
        self._thread = threading.Thread(
            target=self._write, args=(epoch, token, sections, place), name="base of a stream", daemon=True
        )
        self._thread.start()

    def _write(self, epoch: int, token: int, sections: Sequence[Section], place: Place) -> None:
        try:
            file = write_file(self.folder, f"{epoch:012d}-base-{token}", sections)
            StreamFile(self.folder, file).verify()
            self._made = Kept(epoch, file, place)
        except BaseException as error:  # noqa: BLE001 - told to the stream's own thread, which ends with it
            self._error = error

    def finished(self) -> Kept | None:
        """Return the base that was written since the last call; raises what went wrong in writing it."""
        if self._thread is None or self._thread.is_alive():
            return None
        self._thread.join()
        self._thread = None
        if self._error is not None:
            raise self._error
        made, self._made = self._made, None
        return made

    def adopted(self, bases: Sequence[Kept]) -> bool:
        """Tell, once for each base, whether a row names a new one."""
        newest = bases[-1].epoch if bases else 0
        fresh = newest > self._adopted
        self._adopted = max(newest, self._adopted)
        return fresh

    def collect(self, needed: set[str], token: int) -> None:
        """Remove the files of this token and older ones that nothing names; newer ones belong to another owner."""
        point("collect.before")
        forget_old(self.folder, needed, HELD_SECONDS)
        for path in self.folder.iterdir():
            parts = path.name.removesuffix(".part").split("-")
            if path.name in needed or len(parts) != 4 or not parts[2].isdigit():
                continue
            if int(parts[2]) < token or (int(parts[2]) == token and not self._may_be_written(path)):
                path.unlink(missing_ok=True)

    def _may_be_written(self, path: Path) -> bool:
        return path.name.endswith(".part") or (self.busy and "-base-" in path.name)

    def close(self) -> None:
        """Wait for the thread; its base, if any, is not adopted."""
        if self._thread is not None:
            self._thread.join(60)
