"""Who may send records to a source: a token with the scope for it, or a signature by one of the source's keys."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request
from starlette.types import Scope

from runnel.app.access.signatures import is_signed, is_timely
from runnel.app.ingesting import Target, may_send
from runnel.errors import RunnelError
from runnel.server.addresses import peer
from runnel.server.authenticating import BEARER
from runnel.server.problems import HttpError
from runnel.server.state import ServerState

GRANT_SECONDS = 2.0
MOST_GRANTS = 10_000
ONCE = (b"authorization", b"idempotency-key", b"webhook-id", b"webhook-timestamp", b"webhook-signature",
         b"content-type", b"content-encoding")  # fmt: skip
"""Headers that decide something, and may therefore stand once only."""


class Grant(NamedTuple):
    """Who may send: a name for limits and keys; `signed` when the body still has to prove it."""

    key: str
    signed: bool


class Proofs:
    """Reads proofs, and remembers tokens for two seconds; what ends here is forgotten at once."""

    def __init__(self, state: ServerState) -> None:
        self.state = state
        self._grants: dict[tuple[bytes, str], tuple[float, Grant]] = {}
        state.access.tokens.on_end.append(lambda _: self._grants.clear())
        state.access.sessions.on_end.append(lambda _: self._grants.clear())
        state.access.users.on_change.append(self._grants.clear)

    def known(self, name: str, authorization: bytes | None, now: float) -> Grant | None:
        """Return what a token was granted lately."""
        found = None if authorization is None else self._grants.get((authorization, name))
        return found[1] if found is not None and found[0] > now else None

    async def granted(self, name: str, target: Target | None, headers: Mapping[bytes, bytes], scope: Scope) -> Grant:
        """Return who sends, if they may; raises HttpError (401, 403) or TooManyError, alike for sources that are not there."""
        given = headers.get(b"authorization")
        if given is not None:
            known = self._grants.get((given, name))
            if known is not None and known[0] > time.monotonic():
                return known[1]
            return await self._by_token(name, given, scope)
        id, moment = headers.get(b"webhook-id"), headers.get(b"webhook-timestamp")
        if id is not None and moment is not None and b"webhook-signature" in headers and target and target.keys:
            now = self.state.clock().timestamp()
            if is_timely(id.decode("latin-1"), moment.decode("latin-1"), now):
                return Grant(f"signature:{name}", True)
        raise self._nobody(scope, tried=id is not None)

    async def _by_token(self, name: str, given: bytes, scope: Scope) -> Grant:
        match = BEARER.fullmatch(given.decode("latin-1"))
        who = None if match is None else await asyncio.to_thread(self.state.access.proving.by_bearer, match[1])
        if who is None:
            raise self._nobody(scope, tried=True)
        pipeline, _, source = name.partition("/")
        if not may_send(who, pipeline, source):
            what = f"{who.name} ({who.role}) may not send records to this source"
            hint = f"This takes a token with the scope `ingest` or `ingest:{name[:200]}`, of an editor or admin."
            raise HttpError(403, what, hint, code="RNL-ACCESS-403")
        grant = Grant(who.key, False)
        if len(self._grants) >= MOST_GRANTS:
            self._grants.clear()
        self._grants[given, name] = (time.monotonic() + GRANT_SECONDS, grant)
        return grant

    def _nobody(self, scope: Scope, *, tried: bool) -> RunnelError:
        """Return the refusal of somebody without proof; one who tries proof after proof is told to wait."""
        if tried:
            try:
                self.state.throttle.bad_proof(peer(Request(scope)))
            except RunnelError as error:
                return error
        hint = "Send `Authorization: Bearer TOKEN`, or sign the request as Standard Webhooks says."
        headers = {"WWW-Authenticate": 'Bearer realm="runnel"'}
        return HttpError(401, "this request proves nothing about who sends it", hint, headers=headers)

    def check_signature(self, target: Target, headers: Mapping[bytes, bytes], raw: bytes, scope: Scope) -> None:
        """Raise HttpError (401) unless one of the source's keys signed exactly these bytes."""
        id, moment, given = (headers[name].decode("latin-1") for name in ONCE[2:5])
        if not is_signed(target.keys, id, moment, raw, given):
            raise self._nobody(scope, tried=True)


def headers_of(given: list[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """Return headers by name; raises HttpError (400) when one that decides something stands twice."""
    found = dict(given)
    if len(found) != len(given):
        names = [name for name, _ in given]
        for name in ONCE:
            if names.count(name) > 1:
                raise HttpError(400, f"the header {name.decode()} stands twice", "Send it once.")
    return found
