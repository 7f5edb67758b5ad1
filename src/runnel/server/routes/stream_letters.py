"""Dead letters of streams: grouped by reason, read with their bytes, edited, given again, discarded, opened again, exported."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

import orjson
from fastapi import Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from runnel.server.answers import answer, check_match, cursor_of, etag_of
from runnel.server.bodies import Body
from runnel.server.guarding import audit, principal
from runnel.server.problems import HttpError
from runnel.server.routes.runs import ask, offset_of
from runnel.server.routing import Routes

routes = Routes("streams")
State = Literal["open", "replaying", "replayed", "discarded"]
PAGE = 500


class LetterKey(Body):
    """One letter: the epoch that refused it, its number there, and the incarnation of the stream."""

    incarnation: str = Field(max_length=32)
    epoch: int = Field(ge=0)
    number: int = Field(ge=0)


class LettersBody(Body):
    """Which letters are meant: all open ones of a node or of a group, or those that are named."""

    node: str | None = Field(None, max_length=300)
    group: str | None = Field(None, max_length=40)
    letters: list[LetterKey] | None = Field(None, max_length=10_000)

    def payload(self, name: str) -> dict[str, Any]:
        """Return what asks the desk; raises HttpError where nothing is named: all letters of a stream are never meant."""
        if self.node is None and self.group is None and self.letters is None:
            raise HttpError(422, "no letters are named", "Give `node`, `group` or `letters`.")
        keys = None if self.letters is None else [[one.incarnation, one.epoch, one.number] for one in self.letters]
        return {"name": name, "node": self.node, "group": self.group, "letters": keys}


class DiscardBody(LettersBody):
    """Which letters go, and why."""

    reason: str = Field(min_length=1, max_length=2_000)


class SubstituteBody(LettersBody):
    """What is put in the place of a text in the bytes of each letter; with `dry` it is only counted and shown."""

    find: str = Field(min_length=1, max_length=10_000)
    by: str = Field(max_length=10_000)
    dry: bool = False


class EditBody(Body):
    """Other bytes for a letter, as text or in base64; with `replay` it is given again at once."""

    text: str | None = Field(None, max_length=1_048_576)
    raw: str | None = Field(None, max_length=1_400_000)
    replay: bool = False


@routes.get("/streams/{name}/letters", "streams.view")
async def stream_letters(
    request: Request, name: str, node: str | None = None, group: str | None = None, state: State | None = None,
    cursor: str | None = None, limit: int = 100,
) -> dict[str, Any]:  # fmt: skip
    """Return refused records of a stream, the newest first, and how many are open by node."""
    place = (offset_of(cursor), max(1, min(limit, 1_000)))
    asked = {"name": name, "node": node, "group": group, "state": state, "offset": place[0], "limit": place[1]}
    found = await ask(request, "stream_letters", asked)
    return {
        "counts": found["counts"],
        "items": found["items"],
        "next": cursor_of(at=sum(place)) if found["more"] else None,
    }


@routes.get("/streams/{name}/letters/groups", "streams.view")
async def stream_letter_groups(request: Request, name: str) -> dict[str, Any]:
    """Return the letters by node and pattern of the reason: counts by state, first and last moment, the field at fault."""
    found = await ask(request, "stream_letter_groups", {"name": name})
    return {**found, "next": None, "total": len(found["items"])}


@routes.get("/streams/{name}/letters/export", "streams.view")
async def export_letters(
    request: Request, name: str, node: str | None = None, group: str | None = None, state: State | None = None
) -> Response:
    """Return letters whole, one JSON object a line: bytes in base64 and as text, position, reason, state, an edit."""
    asked = {"name": name, "node": node, "group": group, "state": state}
    first = await ask(request, "stream_letters_export", {**asked, "offset": 0, "limit": PAGE})

    async def lines() -> AsyncIterator[bytes]:
        found, offset = first, 0
        while found:
            yield b"".join(orjson.dumps(letter) + b"\n" for letter in found)
            offset += len(found)
            found = await ask(request, "stream_letters_export", {**asked, "offset": offset, "limit": PAGE}) if len(
                found) == PAGE else []  # fmt: skip

    named = f'attachment; filename="{name}-dead-letters.ndjson"'
    return StreamingResponse(lines(), media_type="application/x-ndjson", headers={"Content-Disposition": named})


@routes.get("/streams/{name}/letters/{incarnation}/{epoch}/{number}", "streams.view")
async def stream_letter(request: Request, name: str, incarnation: str, epoch: int, number: int) -> Response:
    """Return one letter: bytes, text, fields, the one at fault and where it stands, an edit, and what was done with it."""
    found = await ask(request, "stream_letter", _key(name, incarnation, epoch, number))
    return answer(found, etag=_tag(found))


@routes.put("/streams/{name}/letters/{incarnation}/{epoch}/{number}/edit", "streams.execute")
async def edit_letter(
    request: Request, name: str, incarnation: str, epoch: int, number: int, body: EditBody
) -> dict[str, Any]:
    """Keep other bytes for an open letter beside its own, and give it again where that is asked."""
    if (body.text is None) == (body.raw is None):
        raise HttpError(422, "the edited record is given twice or not at all", "Give either `text` or `raw` (base64).")
    key = _key(name, incarnation, epoch, number)
    before = await ask(request, "stream_letter", key)
    check_match(request, _tag(before))
    given = {**key, **body.model_dump(), "actor": principal(request).name}
    found: dict[str, Any] = await ask(request, "stream_letter_edit", given)
    audit(request).change({**key, "edited": before["edited"] is not None}, {**key, **found})
    return found


@routes.post("/streams/{name}/letters/substitute", "streams.execute")
async def substitute_in_letters(request: Request, name: str, body: SubstituteBody) -> dict[str, Any]:
    """Edit many open letters alike: put a text in the place of another in the bytes of each."""
    asked = {**body.payload(name), "find": body.find, "by": body.by, "dry": body.dry, "actor": principal(request).name}
    found: dict[str, Any] = await ask(request, "stream_letters_substitute", asked)
    if not body.dry:
        audit(request).change(None, {"stream": name, "changed": found["changed"], "find": body.find, "by": body.by})
    return found


@routes.post("/streams/{name}/letters/replay", "streams.execute", status_code=202)
async def replay_letters(request: Request, name: str, body: LettersBody) -> dict[str, Any]:
    """Give open letters again at the node that refused them, each once, with their edits; now, or at the next start."""
    found: dict[str, Any] = await ask(
        request, "stream_letters_replay", {**body.payload(name), "actor": principal(request).name}
    )
    audit(request).change(None, found)
    return found


@routes.post("/streams/{name}/letters/discard", "streams.execute")
async def discard_letters(request: Request, name: str, body: DiscardBody) -> dict[str, Any]:
    """Settle open letters as discarded; the reason is kept with them."""
    asked = {**body.payload(name), "reason": body.reason, "actor": principal(request).name}
    found: dict[str, Any] = await ask(request, "stream_letters_discard", asked)
    audit(request).change(None, {**found, "node": body.node, "group": body.group, "reason": body.reason})
    return found


@routes.post("/streams/{name}/letters/reopen", "streams.execute")
async def reopen_letters(request: Request, name: str, body: LettersBody) -> dict[str, Any]:
    """Open letters again that were discarded, or that wait to be replayed by a stream that does not run."""
    found: dict[str, Any] = await ask(
        request, "stream_letters_reopen", {**body.payload(name), "actor": principal(request).name}
    )
    audit(request).change(None, {**found, "node": body.node, "group": body.group})
    return found


def _key(name: str, incarnation: str, epoch: int, number: int) -> dict[str, Any]:
    return {"name": name, "incarnation": incarnation, "epoch": epoch, "number": number}


def _tag(letter: dict[str, Any]) -> str:
    return etag_of({"state": letter["state"], "edited": letter["edited"]})
