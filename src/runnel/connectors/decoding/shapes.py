"""How records look: the names of their fields, to see when a source changes, and to refuse records that look otherwise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runnel.sdk.streaming import Decoded, Decoder

LOOKED_AT = 16


def names_of(raw: Any) -> list[frozenset[str]]:
    """Return the names of the fields of some records, spread over a table with `value`; those of JSON objects only."""
    if "value" not in raw.column_names:
        return []
    values = raw.column("value")
    step = max(1, len(values) // LOOKED_AT)
    found: list[frozenset[str]] = []
    for number in range(0, len(values), step):
        names = _names(values[number].as_py())
        if names is not None:
            found.append(names)
    return found


@dataclass(frozen=True)
class StrictDecoder:
    """Refuses records of JSON that have a field which is no column; all others are the inner decoder's."""

    inner: Decoder
    columns: frozenset[str]

    def decode(self, connection: Any, raw: Any) -> Decoded:
        """Decode a table with `value` and metadata columns."""
        import pyarrow as pa
        import pyarrow.compute

        pc: Any = pyarrow.compute
        if "value" not in raw.column_names:
            return self.inner.decode(connection, raw)
        bad = self._strange(raw.column("value").to_pylist())
        if not bad:
            return self.inner.decode(connection, raw)
        kept = pa.array([number not in bad for number in range(raw.num_rows)], pa.bool_())
        places = pc.indices_nonzero(kept).to_pylist()
        made = self.inner.decode(connection, raw.filter(kept))
        refused = [(places[number], reason) for number, reason in made.refused]
        return Decoded(made.rows, tuple(sorted([*refused, *bad.items()])))

    def _strange(self, values: Sequence[Any]) -> dict[int, str]:
        """Return the reason for each record that has a field which is no column."""
        found: dict[int, str] = {}
        for number, value in enumerate(values):
            names = _names(value)
            if names is not None and not names <= self.columns:
                strange = ", ".join(sorted(names - self.columns))
                found[number] = f"it has fields that are no columns of the source: {strange}"
        return found


def _names(value: Any) -> frozenset[str] | None:
    """Return the names of the fields of a record; None where it is no JSON object."""
    if value is None:
        return None
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return frozenset(parsed) if isinstance(parsed, dict) else None
