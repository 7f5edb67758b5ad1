"""`POST /ingest/{pipeline}/{source}`: records go into the source's durable log, and are acknowledged when they are on disk."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from typing import Any

from prometheus_client import Counter
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from runnel.app.access.throttle import ByteRate
from runnel.app.ingesting import IngestLogs, Target, targets
from runnel.errors import RunnelError
from runnel.server.addresses import peer
from runnel.server.edge import HEADERS
from runnel.server.ingest_bodies import framed, kind_of, unpacked
from runnel.server.ingest_proofs import Grant, Proofs, headers_of
from runnel.server.ingest_reading import Bodies, GoneError, too_large
from runnel.server.problems import HttpError, internal_problem, problem_of
from runnel.server.protocol import answer_whole
from runnel.server.repeating import KEY
from runnel.server.state import ServerState
from runnel.server.workspace import workspace_of
from runnel.store.log.durable import DurableLog
from runnel.store.log.keys import body_digest, headers_with_keys, key_digest
from runnel.store.log.outcomes import Answer, Receipt
from runnel.store.log.segment_writer import Batch
from runnel.telemetry.requests import RequestLog

PREFIX = "/ingest/"
ROUTE = "/ingest/{pipeline}/{source}"
FRESH_SECONDS = 1.0
MOST_HELD = 256 * 1024 * 1024
"""Bytes of bodies that all requests together may hold."""
MOST_KINDS = 200
_SLOW = frozenset({b"idempotency-key", b"content-encoding", b"expect"})
UNPACK_IN_THREAD = 64 * 1024
_BASE = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_BASE += [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
_LINES = b"".join([b"%s: %s\r\n" % pair for pair in _BASE])


class Ingest:
    """Takes the records of one server: proofs, limits, logs."""

    def __init__(self, state: ServerState, log: RequestLog) -> None:
        self.state = state
        self.log = log
        self.logs = IngestLogs(state.home)
        self.proofs = Proofs(state)
        self.bodies = Bodies()
        self.rate = ByteRate(int(state.setting("ingest_bytes_per_second")))
        self._targets: dict[str, Target] = {}
        self._looked_at = -FRESH_SECONDS
        self._looking: asyncio.Future[None] | None = None
        self._waiting: dict[tuple[str, bytes], asyncio.Event] = {}
        self._held = 0
        self._refusing: set[asyncio.Task[None]] = set()
        self._heard = self._hear
        self._heard_quick = self._hear_quick
        """Each one object, by which the log groups its answers."""
        self._kinds: dict[tuple[bytes, str], str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        registry = state.metrics.registry
        self._records = Counter("runnel_ingest_records", "Records that were acknowledged.", registry=registry)
        self._requests = Counter("runnel_ingest_requests", "Requests that were acknowledged.", registry=registry)
        state.__dict__["ingest"] = self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = time.perf_counter()
        try:
            answer, replayed = await self._serve(scope, receive)
        except GoneError:
            return
        except RunnelError as error:
            await self._refuse(error, scope, receive, send, started)
            return
        except Exception as error:  # noqa: BLE001 - the boundary: nobody is to see a traceback
            await self._refuse(error, scope, receive, send, started)
            return
        body = _answer(answer)
        headers = [*_BASE, (b"content-length", b"%d" % len(body))]
        if replayed:
            headers.append((b"idempotent-replayed", b"true"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def quick(self, cycle: Any) -> bool:
        """Take a whole request by a known sender of plain records without a task of its own; False for every other.

        It does what `_serve` does, in the one case in which nothing has to be waited for; whatever is odd is left to it.
        """
        scope, now = cycle.scope, time.monotonic()
        name = scope["path"][len(PREFIX) :]
        target, headers = self._targets.get(name), dict(scope["headers"])
        if target is None or target.error is not None or now - self._looked_at > FRESH_SECONDS or self.state.draining:
            return False
        if scope["method"] != "POST" or len(headers) != len(scope["headers"]) or not _SLOW.isdisjoint(headers):
            return False
        grant, log = self.proofs.known(name, headers.get(b"authorization"), now), self.logs.get(target)
        if grant is None or log is None or not 0 < len(cycle.body) <= target.settings.max_request_bytes:
            return False
        body = bytes(cycle.body)
        try:
            framing, count = framed(body, self._kind(headers.get(b"content-type", b""), target.settings.format))
            if not count:
                return False
            self.rate.take(grant.key, len(body))
            log.submit(Batch(body, count, framing), self._heard_quick, cycle)
        except RunnelError:
            return False
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return True

    def close(self) -> None:
        """Close the logs; blocks until what was taken is durable."""
        self.logs.close()

    async def _serve(self, scope: Scope, receive: Receive) -> tuple[Receipt, bool]:
        headers = headers_of(scope["headers"])
        name = scope["path"][len(PREFIX) :]
        target = await self._target(name)
        grant = await self.proofs.granted(name, target, headers, scope)
        if target is None:
            raise HttpError(404, "there is no such source", "Save the pipeline with its `source.ingest` first.")
        if target.error is not None:
            error = HttpError(503, target.error.what, target.error.hint, code=target.error.code)
            error.headers["Retry-After"] = "30"
            raise error
        if self.state.draining:
            raise HttpError(503, "the server is ending", headers={"Retry-After": "2"})
        stated = headers.get(b"content-length", b"")
        held = int(stated[:12]) if stated.isdigit() else 0
        most = target.settings.max_request_bytes
        if held > most:
            raise too_large(most)
        if self._held + held > MOST_HELD:
            raise HttpError(503, "too much is being received at once", headers={"Retry-After": "1"})
        self._held += held
        try:
            raw = await self.bodies.read(receive, most)
            if grant.signed:
                self.proofs.check_signature(target, headers, raw, scope)
            return await self._take(target, grant, headers, raw)
        finally:
            self._held -= held

    async def _take(
        self, target: Target, grant: Grant, headers: Mapping[bytes, bytes], raw: bytes
    ) -> tuple[Receipt, bool]:
        """Put a body into the log, or find that it is there."""
        settings, body = target.settings, raw
        kind = self._kind(headers.get(b"content-type", b""), settings.format)
        encoding = headers.get(b"content-encoding", b"").decode("latin-1")
        if encoding and encoding.lower() != "identity":
            if len(raw) > UNPACK_IN_THREAD:
                body = await asyncio.to_thread(unpacked, raw, encoding, settings.max_request_bytes)
            else:
                body = unpacked(raw, encoding, settings.max_request_bytes)
        framing, count = framed(body, kind)
        log = self.logs.get(target)
        if log is None:
            log = await asyncio.to_thread(self.logs.open, target)
        keys, besides = _keys(grant, headers)
        if not keys:
            self.rate.take(grant.key, len(body))
            if not count:
                return Receipt(*log.end, 0), False
            return _good(await self._append(log, Batch(body, count, framing))), False
        digest = body_digest(raw)
        if (known := await self._known(log, target, keys, digest, strict=not grant.signed)) is not None:
            return known, True
        self.rate.take(grant.key, len(body))
        if not count:
            return Receipt(*log.end, 0), False
        batch = Batch(body, count, framing, headers_with_keys(besides, keys, digest))
        return _good(await self._append_once(log, target, keys, batch)), False

    def _kind(self, content_type: bytes, format: str) -> str:
        """Return the format of a body; what was found out is remembered."""
        found = self._kinds.get((content_type, format))
        if found is None:
            found = kind_of(content_type.decode("latin-1"), format)
            if len(self._kinds) < MOST_KINDS:
                self._kinds[content_type, format] = found
        return found

    async def _known(
        self, log: DurableLog, target: Target, keys: list[bytes], digest: bytes, *, strict: bool
    ) -> Receipt | None:
        """Return what was answered to a key before; raises HttpError (409) when it came with another body."""
        for key in keys:
            while (under_way := self._waiting.get((target.log_name, key))) is not None:
                await under_way.wait()
            found = log.keys.get(key, time.time_ns() // 1000)
            if found is None:
                continue
            if strict and found.body != digest:
                what = "this Idempotency-Key was used with another body"
                raise HttpError(409, what, "Use a new key for another request.", code="RNL-HTTP-409-KEY")
            return Receipt(found.generation, found.sequence, found.records)
        return None

    async def _append(self, log: DurableLog, batch: Batch) -> Answer:
        """Append and wait until it is durable or has failed."""
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        log.submit(batch, self._heard, future)
        return await future

    async def _append_once(self, log: DurableLog, target: Target, keys: list[bytes], batch: Batch) -> Answer:
        """Append what has keys; the same request that comes meanwhile waits for this one's outcome."""
        places, done = [(target.log_name, key) for key in keys], asyncio.Event()
        self._waiting.update(dict.fromkeys(places, done))
        try:
            return await self._append(log, batch)
        finally:
            for place in places:
                del self._waiting[place]
            done.set()

    def _hear(self, outcomes: list[tuple[Any, Answer]]) -> None:
        """Take the outcomes of a group over to the loop; called by the log's thread."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._settle, outcomes)

    def _hear_quick(self, outcomes: list[tuple[Any, Answer]]) -> None:
        """Take outcomes of `quick` over to the loop; called by the log's thread."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._settle_quick, outcomes)

    def _settle_quick(self, outcomes: list[tuple[Any, Answer]]) -> None:
        records = 0
        for cycle, answer in outcomes:
            if isinstance(answer, Receipt):
                records += answer.records
                answer_whole(cycle, 200, _LINES, _answer(answer))
            elif not cycle.disconnected:
                refusing = self._refuse(answer, cycle.scope, cycle.receive, cycle.send, time.perf_counter())
                task = asyncio.ensure_future(refusing)
                self._refusing.add(task)
                task.add_done_callback(self._refusing.discard)
        if records:
            self._records.inc(records)
            self._requests.inc(len(outcomes))

    def _settle(self, outcomes: list[tuple[asyncio.Future[Answer], Answer]]) -> None:
        records = 0
        for future, answer in outcomes:
            if not future.done():
                future.set_result(answer)
            if isinstance(answer, Receipt):
                records += answer.records
        if records:
            self._records.inc(records)
            self._requests.inc(len(outcomes))

    async def _target(self, name: str) -> Target | None:
        """Return a source by `pipeline/source`; what the files say is at most a second old."""
        if time.monotonic() - self._looked_at > FRESH_SECONDS:
            if self._looking is None:
                self._looking = asyncio.ensure_future(self._look())
            await asyncio.shield(self._looking)
        return self._targets.get(name)

    async def _look(self) -> None:
        try:
            files, reveal = workspace_of(self.state).files, self.state.store.secrets.reveal
            self._targets = await asyncio.to_thread(targets, files, reveal)
            self._looked_at = time.monotonic()
        finally:
            self._looking = None

    async def _refuse(self, error: Exception, scope: Scope, receive: Receive, send: Send, started: float) -> None:
        """Answer with a problem document, count it, and leave a line in the log."""
        id = scope["runnel.request_id"] = secrets.token_hex(8)
        if isinstance(error, RunnelError) and error.category != "internal":
            response = problem_of(error, id)
        else:
            response = internal_problem(id)
            self.log.write(level="error", request_id=id, event="fault", status=500, what=repr(error))

        async def outgoing(message: Message) -> None:
            if message["type"] == "http.response.start":
                made = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    made.setdefault(name, value)
                made["Cache-Control"], made["X-Request-Id"] = "no-store", id
                if message["status"] in (408, 413):
                    made["Connection"] = "close"
            await send(message)

        seconds = time.perf_counter() - started
        self.state.metrics.answered("POST", ROUTE, response.status_code, seconds)
        self.log.write(
            level="error" if response.status_code >= 500 else "info", event="request", request_id=id, method="POST",
            path=scope["path"][:300], route=ROUTE, status=response.status_code, milliseconds=round(seconds * 1000, 1),
            peer=peer(Request(scope)), actor=None,
        )  # fmt: skip
        await response(scope, receive, outgoing)


def ingest_of(state: ServerState) -> Ingest:
    """Return the layer of a server."""
    return state.__dict__["ingest"]


def _keys(grant: Grant, headers: Mapping[bytes, bytes]) -> tuple[list[bytes], dict[str, Any]]:
    """Return the digests by which a repeat of a request is known, and what is kept of it for readers."""
    keys: list[bytes] = []
    besides: dict[str, Any] = {}
    if grant.signed:
        id = headers[b"webhook-id"].decode("latin-1")
        keys.append(key_digest("webhook", "", id))
        besides["webhook_id"] = id
    given = headers.get(b"idempotency-key")
    if given is not None:
        key = given.decode("latin-1")
        if not KEY.fullmatch(key):
            raise HttpError(422, "the Idempotency-Key is not 1 to 200 visible characters")
        keys.append(key_digest("key", grant.key, key))
        besides["idempotency_key"] = key
    return keys, besides


def _answer(receipt: Receipt) -> bytes:
    return b'{"accepted":%d,"position":"%d-%d"}' % (receipt.records, receipt.generation, receipt.sequence)


def _good(answer: Answer) -> Receipt:
    if isinstance(answer, Receipt):
        return answer
    raise answer
