"""Bodies: of the declared kind, within the limits, as strict JSON; read only after the caller was let in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict
from starlette.requests import ClientDisconnect, Request

from runnel.server.problems import HttpError

SECONDS = 60


class Body(BaseModel):
    """The body of a request: unknown fields are refused, values are not converted from other kinds."""

    model_config = ConfigDict(extra="forbid", strict=True, str_max_length=200_000)


def media_type(request: Request) -> str:
    """Return the kind of the body as the client names it; empty when it names none or several."""
    given = request.headers.getlist("content-type")
    return given[0].split(";")[0].strip().lower() if len(given) == 1 else ""


def check_media_type(request: Request, accepted: tuple[str, ...]) -> None:
    """Raise HttpError (415) for a body of another kind, or one that is packed."""
    if "content-encoding" in request.headers:
        raise HttpError(415, "a packed body is not taken", "Send it without Content-Encoding.")
    charset = request.headers.get("content-type", "").lower().partition("charset=")[2].strip(' "').split(";")[0]
    if media_type(request) not in accepted or charset not in ("", "utf-8", "utf8"):
        given = request.headers.get("content-type", "no content type")[:100]
        raise HttpError(415, f"the body is {given}, not {' or '.join(accepted)}", f"Send {accepted[0]}.")


async def read_body(request: Request, most: int) -> bytes:
    """Read a body of at most so many bytes; raises HttpError (413, 408)."""
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(SECONDS):
            async for part in limited(request, most):
                parts.append(part)
    except TimeoutError as error:
        raise HttpError(408, f"the body did not come within {SECONDS} s") from error
    except ClientDisconnect as error:
        raise HttpError(400, "the body broke off") from error
    body = b"".join(parts)
    request._body = body
    return body


async def limited(request: Request, most: int) -> AsyncIterator[bytes]:
    """Yield the parts of a body; raises HttpError (413) when there is more than allowed, before it is read if it says so."""
    stated = request.headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and int(stated[:18]) > most:
        raise _too_large(most)
    received = 0
    async for part in request.stream():
        received += len(part)
        if received > most:
            raise _too_large(most)
        yield part


def read_json(body: bytes) -> Any:
    """Read strict JSON; raises HttpError (422) for anything else: NaN, deep nesting, half surrogates, endless numbers."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_constant)
        if b"\\ud" in body or b"\\uD" in body:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError as error:
        raise HttpError(422, "the body is nested too deeply") from error
    except ValueError as error:
        place = f" at position {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise HttpError(422, f"the body is no valid JSON{place}", "Send JSON in UTF-8.") from error
    return value


def _constant(name: str) -> NoReturn:
    raise ValueError(name)


def _too_large(most: int) -> HttpError:
    return HttpError(413, f"the body is larger than {most} bytes", "Send less, or upload it in parts.")
