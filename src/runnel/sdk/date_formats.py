"""Date formats whose codes are numbers with signs between them: the ones that every engine can read alike."""

from __future__ import annotations

import re
from functools import lru_cache

_PART = re.compile(r"%([YmdHMS])|([^%0-9\s]+)|( )")


@lru_cache(maxsize=256)
def numeric_format(format: str) -> tuple[str, ...] | None:
    """Return the parts of a format (`%Y`, `-`, …); None for other codes, a code twice, and codes side by side."""
    parts: list[str] = []
    rest = format
    while rest:
        found = _PART.match(rest)
        if found is None:
            return None
        part = found[0]
        if part[0] == "%" and (part in parts or (parts and parts[-1][0] == "%")):
            return None
        parts.append(part)
        rest = rest[found.end() :]
    edges = parts and parts[0][0] == "%" and parts[-1][0] == "%"
    return tuple(parts) if edges else None
