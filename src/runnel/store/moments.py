"""Times as rows keep them: SQLite gives them back without a zone, and people read them as RFC 3339 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def aware(moment: datetime) -> datetime: ...
@overload
def aware(moment: None) -> None: ...
def aware(moment: datetime | None) -> datetime | None:
    """Return the same moment with its zone, which is UTC."""
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def text(moment: datetime | None) -> str | None:
    """Return a moment as RFC 3339 in UTC."""
    return None if moment is None else aware(moment).astimezone(UTC).isoformat().replace("+00:00", "Z")
