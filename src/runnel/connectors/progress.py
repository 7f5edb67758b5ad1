"""How far a sink came whose target cannot be asked: a small file beside the stream's own, written before and after each step."""

from __future__ import annotations

import json
import os
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runnel.errors import ConnectorError, InternalError
from runnel.sdk.delivery import Delivered, DeliveryContext, Refused

MOST_REFUSED = 1000


@dataclass
class Progress:
    """`epoch` is the last one that was sent whole; then epochs `first` to `last` are sent, of whose rows `rows` are there.

    `told` are the refused rows of the last epochs that are there, `refused` those of the ones that are being sent.
    """

    path: Path
    token: int
    epoch: int = 0
    first: int = 0
    last: int = 0
    rows: int = 0
    told: list[Refused] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def delivered(self) -> Delivered:
        """Return what is known to be in the target."""
        return Delivered(self.epoch, tuple(self.told))

    def begin(self, first: int, last: int) -> None:
        """Note which epochs are sent together, before the first of them is; a group that was begun before goes on."""
        if (self.first, self.last) != (first, last):
            self.first, self.last, self.rows, self.refused = first, last, 0, []
            self.write()

    def add(self, rows: int, refused: Sequence[Refused] = ()) -> None:
        """Note that so many further rows are there."""
        self.rows += rows
        self.refused.extend(refused)
        self.write()

    def finish(self) -> Delivered:
        """Note that the epochs are there as a whole."""
        self.epoch, self.told = self.last, self.refused[:MOST_REFUSED]
        found = Delivered(self.epoch, tuple(self.refused))
        self.first, self.last, self.rows, self.refused = 0, 0, 0, []
        self.write()
        return found

    def write(self) -> None:
        """Write the file so that a crash leaves the old or the new one."""
        data: dict[str, Any] = {
            "token": self.token, "epoch": self.epoch, "first": self.first, "last": self.last, "rows": self.rows,
            "told": [[item.epoch, item.row, item.reason] for item in self.told],
            "refused": [[item.epoch, item.row, item.reason] for item in self.refused],
        }  # fmt: skip
        part = self.path.with_name(self.path.name + ".part")
        try:
            with open(part, "w", encoding="utf-8") as file:
                json.dump(data, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.path)
        except OSError as error:
            what = f"noting how far a sink came in {self.path.name}: {error.strerror or error}"
            raise ConnectorError("RNL-STREAM-024", what, "Check the disk.", retryable=True) from error


def progress_of(context: DeliveryContext) -> Progress:
    """Return how far this sink of this incarnation came; raises InternalError when another process has taken over."""
    incarnation = context.app.removesuffix(f"-{context.node}")
    name = urllib.parse.quote(context.node, safe="")
    path = Path(context.home) / "streams" / context.pipeline / incarnation / "sinks" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    found = _read(path)
    token = int(found.get("token", 0))
    if token > context.token:
        what = f"another process delivers to {context.node}"
        raise InternalError("RNL-STREAM-032", what, "This one ends; nothing of it counts any more.")
    made = Progress(
        path, context.token, int(found.get("epoch", 0)), int(found.get("first", 0)), int(found.get("last", 0)),
        int(found.get("rows", 0)), _refused(found.get("told", [])), _refused(found.get("refused", [])),
    )  # fmt: skip
    made.write()
    return made


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return found


def _refused(given: Sequence[Sequence[Any]]) -> list[Refused]:
    return [Refused(int(epoch), int(row), str(reason)) for epoch, row, reason in given]
