"""Problems: every error as one JSON form (RFC 9457 with `code`, `what`, `hint`, `where`), never with internals."""

from __future__ import annotations

import http
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from runnel.errors import AuthoringError, ConnectorError, InternalError, LimitError, RunnelError
from runnel.telemetry.redaction import redacted_text

MEDIA_TYPE = "application/problem+json"
NOT_FOUND = frozenset({"RNL-FILE-001", "RNL-VERSION-001", "RNL-RUN-001", "RNL-DATASET-001", "RNL-SECRET-001", "RNL-CONN-002",
                       "RNL-STREAM-040", "RNL-STREAM-055", "RNL-LETTER-002"})
"""Codes that say of an object of the address that it is not there."""
CONFLICTS = frozenset({"RNL-STREAM-030", "RNL-STREAM-044", "RNL-STREAM-052", "RNL-STREAM-056", "RNL-STREAM-072",
                       "RNL-LETTER-007", "RNL-LETTER-008"})
"""Codes that say that what is there is in another state than what was asked needs."""


class HttpError(AuthoringError):
    """A request that cannot be answered as asked; `headers` go with the answer, `besides` into its document."""

    def __init__(
        self, status: int, what: str, hint: str = "", *, code: str | None = None, where: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None, besides: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(code or f"RNL-HTTP-{status}", what, hint, where)
        self.http_status = status
        self.headers = dict(headers or {})
        self.besides = dict(besides or {})

    def __reduce__(self) -> tuple[Any, ...]:
        return (HttpError, (self.http_status, self.what, self.hint))


def status_of(error: RunnelError) -> int:
    """Return the HTTP status of an error: its own `http_status` first, then by who must act."""
    given = getattr(error, "http_status", None)
    if isinstance(given, int):
        return given
    if error.code in CONFLICTS:
        return 409
    if isinstance(error, InternalError):
        return 500
    if isinstance(error, LimitError):
        return 413
    if isinstance(error, ConnectorError):
        return 503 if error.retryable else 502
    return 404 if error.code in NOT_FOUND else 422


def problem(
    status: int, code: str, what: str, hint: str = "", where: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None, **besides: Any,
) -> Response:  # fmt: skip
    """Return a problem document as an answer."""
    document = {
        "type": f"urn:runnel:problem:{code}", "title": _title(status), "status": status, "code": code, "what": what,
        "hint": hint, "where": dict(where or {}), **besides,
    }  # fmt: skip
    text = orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS)
    return Response(text, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def problem_of(error: RunnelError, request_id: str) -> Response:
    """Return the problem document of an error."""
    status = status_of(error)
    headers = dict(getattr(error, "headers", {}))
    if status == 500:
        return internal_problem(request_id)
    if (seconds := getattr(error, "retry_after", None)) is not None:
        headers["Retry-After"] = str(seconds)
    elif status == 503:
        headers["Retry-After"] = "2"
    besides = dict(getattr(error, "besides", {}))
    if findings := getattr(error, "findings", None):
        besides["findings"] = [finding if isinstance(finding, Mapping) else finding.to_json() for finding in findings]
    where = {key: value for key, value in error.where.items() if key != "traceback"}
    what, hint = redacted_text(error.what), redacted_text(error.hint)
    return problem(status, error.code, what, hint, where, headers, request_id=request_id, **besides)


def internal_problem(request_id: str) -> Response:
    """Return the answer to a fault of ours: the id under which the log has it, nothing else."""
    what = "this request met a fault of the server"
    hint = f"Look for {request_id} in the server's log."
    return problem(500, "RNL-INTERNAL-001", what, hint, request_id=request_id)


def http_problem(error: HTTPException, request_id: str) -> Response:
    """Return the problem document of what the router says by itself."""
    words = {404: "there is nothing at this address", 405: "this address does not know this method"}
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    what = words.get(error.status_code, _title(error.status_code))
    return problem(error.status_code, f"RNL-HTTP-{error.status_code}", what, headers=headers, request_id=request_id)


def validation_problem(error: RequestValidationError, request_id: str) -> Response:
    """Return the problem document of a body or query that does not fit; what was sent is not repeated."""
    found = [
        {"in": str(item["loc"][0]), "field": ".".join(str(part) for part in item["loc"][1:]), "what": str(item["msg"])}
        for item in list(error.errors())[:20]
    ]
    first = found[0] if found else {"in": "body", "field": "", "what": "does not fit"}
    place = f"`{first['field']}`" if first["field"] else f"the {first['in']}"
    what = f"{place}: {first['what'][:1].lower()}{first['what'][1:]}"
    where = {"field": first["field"], "in": first["in"]}
    return problem(422, "RNL-HTTP-422", what, "", where, errors=found, request_id=request_id)


def _title(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Problem"
