"""Answers: JSON that is made once, pages of lists with cursors, and tags that tell one state from another."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from runnel.server.problems import HttpError

MOST_ITEMS = 500


class Raw(Response):
    """JSON text that is complete already, such as an answer of the desk."""

    media_type = "application/json"


def answer(
    value: Any, status: int = 200, *, etag: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a value as JSON."""
    made = Raw(json_bytes(value), status, headers=dict(headers or {}))
    if etag is not None:
        made.headers["ETag"] = etag
    return made


def json_bytes(value: Any, option: int = orjson.OPT_NON_STR_KEYS) -> bytes:
    """Return a value as JSON; whole numbers beyond 64 bits, which orjson refuses, keep their digits."""
    try:
        return orjson.dumps(value, default=str, option=option)
    except TypeError:
        return orjson.dumps(_exact(value), default=str, option=option)


def _exact(value: Any) -> Any:
    """Return a value in which numbers that orjson refuses are JSON text already."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -(2**63) <= value < 2**64 else orjson.Fragment(str(value))
    if isinstance(value, Mapping):
        return {key: _exact(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(part) for part in value]
    return value


def nothing(headers: Mapping[str, str] | None = None) -> Response:
    """Return the empty answer of a change that worked."""
    return Response(status_code=204, headers=dict(headers or {}))


def page(items: Sequence[Any], next: str | None = None, total: int | None = None) -> Response:
    """Return one page of a list."""
    return answer({"items": list(items), "next": next, "total": len(items) if total is None else total})


def paged(items: Sequence[Any], cursor: str | None, limit: int) -> Response:
    """Return the page of a whole list in memory that a cursor names."""
    start = int(read_cursor(cursor).get("at", 0)) if cursor else 0
    limit = max(1, min(limit, MOST_ITEMS))
    more = start + limit < len(items)
    return page(items[start : start + limit], cursor_of(at=start + limit) if more else None, len(items))


def cursor_of(**place: Any) -> str:
    """Return an opaque cursor for a place in a list."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode("ascii").rstrip("=")


def read_cursor(cursor: str) -> dict[str, Any]:
    """Return the place that a cursor names; raises HttpError for one that is none."""
    try:
        read = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(read, dict) and all(isinstance(value, int | str) and value != "" for value in read.values()):
            if not isinstance(read.get("at", 0), int) or not 0 <= read.get("at", 0) < 2**40:
                raise ValueError
            return read
    except (ValueError, binascii.Error, UnicodeEncodeError):
        pass
    raise HttpError(422, "the cursor is none of this list", "Start again without one.", where={"field": "cursor"})


def etag_of(value: Any) -> str:
    """Return the tag of a state: the same for the same content."""
    text = value if isinstance(value, bytes) else json_bytes(value, orjson.OPT_SORT_KEYS)
    return f'"{hashlib.sha256(text).hexdigest()[:32]}"'


def unchanged(request: Request, etag: str) -> Response | None:
    """Return 304 when the client has this state already."""
    known = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=304, headers={"ETag": etag})
    return None


def check_match(request: Request, etag: str, *, required: bool = False) -> None:
    """Raise HttpError (412) when the client wants to change another state than the present one."""
    given = request.headers.get("if-match")
    if given is None:
        if required:
            raise HttpError(428, "this change needs `If-Match`", "Send the ETag of the state that you changed.")
        return
    if etag not in {part.strip() for part in given.split(",")} and given.strip() != "*":
        what = "somebody else changed this in between"
        raise HttpError(412, what, "Read it again and repeat your change.", headers={"ETag": etag})
