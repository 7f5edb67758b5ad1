"""Records that an epoch refused: counted, kept with their bytes, and durable with the epoch's row."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from runnel.runtime.stream.files import Section

SCHEMA = pa.schema([
    ("node", pa.string()), ("reason", pa.string()), ("position", pa.string()), ("raw", pa.binary()), ("row", pa.bool_()),
])  # fmt: skip
NAME = "letters"


class EpochLetters:
    """The refused records of the epoch that is being made; threads of the engine add to it."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._kept: list[tuple[str, str, str, bytes, bool]] = []

    def refuse(self, node: str, raw: bytes, reason: str, position: Mapping[str, Any], row: bool) -> None:
        """Keep one refused record."""
        text = json.dumps(position, ensure_ascii=False, default=str) if position else _position(raw) if row else "{}"
        self._kept.append((node, reason, text, raw, row))
        self.counts[node] = self.counts.get(node, 0) + 1

    def drain(self) -> pa.Table:
        """Return what was refused, and forget it: another process keeps it."""
        found, _ = self.take()
        return found.table if found is not None else SCHEMA.empty_table()

    def keep(self, refused: pa.Table) -> None:
        """Keep what another process refused."""
        for row in refused.to_pylist():
            self._kept.append((row["node"], row["reason"], row["position"], row["raw"], row["row"]))
            self.counts[row["node"]] = self.counts.get(row["node"], 0) + 1

    def take(self) -> tuple[Section | None, dict[str, int]]:
        """Return the section and the counts of the epoch, and begin a new one."""
        kept, counts = self._kept, self.counts
        self._kept, self.counts = [], {}
        if not kept:
            return None, {}
        columns = [pa.array(values, field.type) for values, field in zip(zip(*kept, strict=True), SCHEMA, strict=True)]
        return Section(NAME, pa.table(columns, schema=SCHEMA)), counts


def _position(raw: bytes) -> str:
    """Return where a row came from, as far as it says so itself."""
    row = json.loads(raw)
    found = {key[1:]: row[key] for key in ("_source", "_partition", "_position") if row.get(key) is not None}
    return json.dumps(found, ensure_ascii=False)
