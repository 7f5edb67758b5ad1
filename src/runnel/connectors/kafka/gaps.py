"""Records that are gone: each way in which that happens has an error of its own, and none of them passes by itself."""

from __future__ import annotations

from runnel.errors import ConnectorError

HINT = "Start the source anew from the earliest record that is kept (what lies between is lost), or bring the records back."


def expired(name: str, wanted: int, first: int) -> ConnectorError:
    """Records from a position on were removed before they were read."""
    what = f"{name}: the records from offset {wanted} up to {first - 1} are gone; the first that is kept is {first}"
    return ConnectorError("RNL-KAFKA-011", what, HINT)


def made_anew(name: str, wanted: int, before: str, now: str) -> ConnectorError:
    """A topic was deleted and another one of its name was made."""
    what = f"{name}: the topic was made anew (its id was {before} and is {now}); offset {wanted} means another record there"
    return ConnectorError("RNL-KAFKA-012", what, HINT)


def truncated(name: str, wanted: int, end: int | None) -> ConnectorError:
    """A partition ends before a position (None: a new leader said so)."""
    until = "its log was cut back by a new leader" if end is None else f"it ends at offset {end} now"
    what = f"{name}: it was read up to offset {wanted}, and {until}; records that were counted are not there any more"
    return ConnectorError("RNL-KAFKA-013", what, HINT)


def deleted(name: str, wanted: int | None = None) -> ConnectorError:
    """A topic is not there any more."""
    read = "" if wanted is None else f"; it was read up to offset {wanted}"
    return ConnectorError("RNL-KAFKA-017", f"the topic {name} was deleted{read}", HINT)
