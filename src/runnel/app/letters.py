"""Dead letters as people see them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any


def shown_raw(letter: Mapping[str, Any]) -> str:
    """Return a refused record as text: the raw bytes as they stood, or the row as JSON."""
    if "raw" in letter:
        return base64.b64decode(letter["raw"]).decode("utf-8", "backslashreplace").rstrip("\r\n")
    return json.dumps(letter.get("row"), ensure_ascii=False)
