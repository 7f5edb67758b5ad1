"""The way into a handler: who asks, may they, is it their own page, how often, which body; then the entry in the log."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

from anyio import to_thread
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from runnel.app.access.permissions import PERMISSIONS, roles_that
from runnel.app.access.principals import Principal
from runnel.errors import RunnelError
from runnel.server.addresses import is_of_this_machine, peer
from runnel.server.authenticating import SAFE_METHODS, authenticate, by_cookie, check_csrf, check_origin
from runnel.server.bodies import check_media_type, read_body, read_json
from runnel.server.problems import HttpError, http_problem, internal_problem, problem_of, validation_problem
from runnel.server.repeating import once
from runnel.server.rules import Public, Rule
from runnel.server.state import ServerState

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
MOST_AT_ONCE = 64
MOST_OF_NOBODY_AT_ONCE = 256
"""Per address of callers who are not logged in; behind a proxy all of those share one."""


@dataclass
class Audit:
    """What a handler may add to the entry of its change."""

    kind: str
    id: str
    before: Any = None
    after: Any = None
    who: Principal | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    def object(self, id: str, kind: str | None = None) -> Audit:
        """Name the object that was changed."""
        self.id, self.kind = id, kind or self.kind
        return self

    def change(self, before: Any, after: Any) -> Audit:
        """Say what the object was before and after; secrets are taken out."""
        self.before, self.after = before, after
        return self


def state_of(request: Request) -> ServerState:
    """Return the server that a request came to."""
    return request.app.state.runnel


def principal(request: Request) -> Principal:
    """Return who asks; only in handlers whose rule asks for a permission."""
    found = request.scope.get("runnel.principal")
    if found is None:
        raise HttpError(401, "nobody is logged in", "Log in, or open the link that `runnel link` prints.")
    return found


def require(request: Request, permission: str) -> None:
    """Raise HttpError unless the caller has a permission besides the one of the route; what is asked for needs it."""
    who = principal(request)
    if not who.may(permission):
        raise _denied(who, permission)


def audit(request: Request) -> Audit:
    """Return the entry that this change will leave, to add to it."""
    return request.scope["runnel.audit"]


def request_id(request: Request) -> str:
    """Return the id under which the log has this request."""
    return request.scope.get("runnel.request_id", "")


async def serve(rule: Rule, request: Request, handler: Handler) -> Response:
    """Answer a request by its rule."""
    state = state_of(request)
    kind = rule.object_from or rule.resource
    request.scope["runnel.audit"] = Audit(rule.resource, str(request.path_params.get(kind, "")))
    try:
        who = await _admitted(rule, request, state)
        with _one_of_few(request, state, who):
            await _read(rule, request)
            await _note(rule, request, state)
            response = await once(rule, request, state, who, handler)
    except RunnelError as error:
        if getattr(error, "category", "") == "internal":
            _log_fault(request, error)
        response = problem_of(error, request_id(request))
    except RequestValidationError as error:
        response = validation_problem(error, request_id(request))
    except HTTPException as error:
        response = http_problem(error, request_id(request))
    except Exception as error:  # noqa: BLE001 - the boundary: nobody is to see a traceback
        _log_fault(request, error)
        response = internal_problem(request_id(request))
    await _leave_entry(rule, request, state, response.status_code)
    return response


async def _admitted(rule: Rule, request: Request, state: ServerState) -> Principal | None:
    """Return who asks, if they may; raises HttpError before a byte of the body is read."""
    unsafe = request.method not in SAFE_METHODS
    if isinstance(rule.permission, Public):
        if unsafe:
            check_origin(request, state)
        return None
    who = await authenticate(request, state)
    request.scope["runnel.principal"] = who
    if who is None:
        if rule.or_loopback and not _has_proof(request, state) and is_of_this_machine(request):
            return None
        raise await _nobody(request, state)
    state.throttle.request(who.key)
    if not who.may(rule.permission):
        raise _denied(who, rule.permission)
    if by_cookie(request, who) and unsafe:
        check_origin(request, state)
        if rule.action is not None:
            check_csrf(request, state)
    return who


@contextlib.contextmanager
def _one_of_few(request: Request, state: ServerState, who: Principal | None) -> Iterator[None]:
    """Hold one of the places that a caller has for requests at the same time; raises HttpError when all are taken."""
    key = f"nobody at {peer(request)}" if who is None else who.key
    most = MOST_AT_ONCE if who is not None else MOST_OF_NOBODY_AT_ONCE
    if state.busy.get(key, 0) >= most:
        raise HttpError(429, f"{most} requests of this caller are being answered", headers={"Retry-After": "1"})
    state.busy[key] = state.busy.get(key, 0) + 1
    try:
        yield
    finally:
        state.busy[key] -= 1
        if not state.busy[key]:
            del state.busy[key]


def _has_proof(request: Request, state: ServerState) -> bool:
    return "authorization" in request.headers or state.cookie in request.cookies


async def _nobody(request: Request, state: ServerState) -> HttpError:
    mode = await to_thread.run_sync(lambda: state.access.users.mode)
    hint = "Log in." if mode == "users" else "Open the link that the console printed; `runnel link` prints a new one."
    headers = {"WWW-Authenticate": 'Bearer realm="runnel"'}
    return HttpError(401, "nobody is logged in", hint, headers=headers, besides={"mode": mode})


def _denied(who: Principal, permission: str) -> HttpError:
    roles = roles_that(permission)
    words = PERMISSIONS[permission]
    scoped = "; the token's scopes leave it out" if who.scopes is not None else ""
    what = f"{who.name} ({who.role}) may not {words}{scoped}"
    hint = f"This takes the role {' or '.join(roles)}. An admin can give it."
    besides = {"permission": permission, "roles": roles}
    return HttpError(403, what, hint, code="RNL-ACCESS-403", besides=besides)


async def _read(rule: Rule, request: Request) -> None:
    """Read the body as the rule says; JSON is parsed strictly, once."""
    if rule.body == "json":
        body = await read_body(request, rule.most_bytes)
        if body or "content-type" in request.headers:
            check_media_type(request, rule.accepts)
        if body:
            request._json = read_json(body)
    elif rule.body == "raw":
        check_media_type(request, rule.accepts)
        await read_body(request, rule.most_bytes)
    elif rule.body == "stream":
        check_media_type(request, rule.accepts)


async def _note(rule: Rule, request: Request, state: ServerState) -> None:
    """Note a change before it is made: a server that is killed between the change and its entry says so afterwards."""
    if rule.action is None:
        return
    made: Audit = request.scope["runnel.audit"]
    who: Principal | None = request.scope.get("runnel.principal")
    await to_thread.run_sync(
        lambda: state.access.trail.begin(
            who, rule.action or "", made.kind, made.id, request_id=request_id(request), address=peer(request)
        )
    )
    request.scope["runnel.noted"] = True


async def _leave_entry(rule: Rule, request: Request, state: ServerState, status: int) -> None:
    """Write what was changed, denied, or broke; a request that reached no handler, or an answer given again, did nothing.

    A handler that refused is written too: it may have made a part of its change before.
    """
    made: Audit = request.scope["runnel.audit"]
    who = request.scope.get("runnel.principal") or made.who
    if rule.action is None:
        return
    entered = request.scope.get("runnel.entered", False)
    if not (entered or status >= 500 or rule.failures_too or (status == 403 and who is not None)):
        if request.scope.get("runnel.noted"):
            await to_thread.run_sync(state.access.trail.store.forget, request_id(request))
        return
    await to_thread.run_sync(
        lambda: state.access.trail.write(
            who, rule.action or "", made.kind, made.id, before=made.before, after=made.after, status=status,
            request_id=request_id(request), address=peer(request),
        )
    )  # fmt: skip


def _log_fault(request: Request, error: BaseException) -> None:
    import traceback

    log = request.app.state.log
    with contextlib.suppress(OSError):
        lines = traceback.format_exception(error)
        log.write(level="error", request_id=request_id(request), event="fault", status=500, traceback="".join(lines))
