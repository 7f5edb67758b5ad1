"""What stands beside the number of the last epoch in a target, and the headers by which a record tells its own."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

HEADER_APP, HEADER_EPOCH, HEADER_ROW = "runnel-app", "runnel-epoch", "runnel-row"


def packed(token: int, refused: Mapping[tuple[int, int], tuple[int, str]]) -> str:
    """Write what stands beside the marker; the cluster keeps some 4,000 characters of it."""
    rows = [[epoch, row, code] for (epoch, row), (code, _) in sorted(refused.items())]
    while True:
        data = base64.b64encode(zlib.compress(json.dumps({"token": token, "refused": rows}).encode(), 9)).decode()
        if len(data) < 3_900:
            return data
        rows = rows[: len(rows) * 3 // 4]


def unpacked(text: str) -> dict[str, Any]:
    """Read it."""
    return json.loads(zlib.decompress(base64.b64decode(text))) if text else {"token": 0, "refused": []}


def epochs(headers: Sequence[Any], app: str) -> list[int]:
    """Return the epochs in the headers of records that this sink wrote."""
    found = (dict(one or ()) for one in headers)
    return [int(one[HEADER_EPOCH]) for one in found if one.get(HEADER_APP) == app and HEADER_EPOCH in one]
