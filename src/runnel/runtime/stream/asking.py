"""Asks another system about keys while the stream shows that it lives: again until there is an answer, or without one."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from runnel.errors import ConnectorError
from runnel.sdk.asking import Asker, Key

LOOK_SECONDS = 0.25
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0


class AskedInVainError(Exception):
    """The stream was asked to end while it waited for an answer: the epoch that is being made is left."""


@dataclass
class Asking:
    """Asks for one node; `trouble` says why there is no answer yet."""

    asker: Asker
    when_silent: Literal["wait", "go_on"]
    tries: int
    lives: Callable[[], bool] = field(default=lambda: True)
    """Shows that the stream lives; tells whether it is to go on."""
    trouble: str = ""
    asked: int = 0
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "asking"))

    def answers(self, keys: pa.Table, schema: pa.Schema) -> pa.Table:
        """Return what is known of keys (a table of texts), in the schema given; raises ConnectorError, AskedInVainError.

        A row stands for each key that was answered, and the last column says whether the other system knows it. Where
        nobody answers and the node goes on without, there is no row.
        """
        wanted = sorted({tuple(row.values()) for row in keys.to_pylist()})
        if not wanted:
            return schema.empty_table()
        found = self._found(wanted)
        if found is None:
            return schema.empty_table()
        blank = [None] * (len(schema.names) - len(wanted[0]) - 1)
        rows = [[*key, *found.get(key, blank), key in found] for key in wanted]
        return pa.table(
            [pa.array(list(values), kind) for values, kind in zip(zip(*rows, strict=True), schema.types, strict=True)],
            schema=schema,
        )

    def _found(self, keys: Sequence[Key]) -> Mapping[Key, Sequence[str | None]] | None:
        pause, tried = FIRST_PAUSE_SECONDS, 0
        while True:
            tried += 1
            try:
                found = self._result(self._pool.submit(self.asker.ask, keys))
            except ConnectorError as error:
                if not error.retryable:
                    raise
                self.trouble = error.what
                if self.when_silent == "go_on" and tried >= self.tries:
                    return None
                self._rest(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                self.trouble = ""
                self.asked += len(keys)
                return found

    def _result(self, answer: Future[Mapping[Key, Sequence[str | None]]]) -> Mapping[Key, Sequence[str | None]]:
        while True:
            try:
                return answer.result(LOOK_SECONDS)
            except NotYetError:
                self._look()

    def _rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._look()
            time.sleep(min(LOOK_SECONDS, seconds))

    def _look(self) -> None:
        if not self.lives():
            raise AskedInVainError

    def close(self) -> None:
        """Let go of the other system; an answer that is still awaited is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.asker.close()
