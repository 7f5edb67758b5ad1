"""What the server needs of a source's config; read without the catalogue, which the server does not load."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runnel.errors import AuthoringError

KIND = "source.ingest"
FORMATS = ("auto", "ndjson", "json", "csv", "text", "bytes")
MAX_BYTES = 1024**3
MAX_REQUEST_BYTES = 16 * 1024**2
MOST_REQUEST_BYTES = 256 * 1024**2
IDEMPOTENCY_HOURS = 24.0
MOST_KEYS = 2
_REFERENCE = re.compile(r"\$\{(params|secrets)\.([A-Za-z_][\w-]*)\}")


@dataclass(frozen=True)
class IngestSettings:
    """How a source takes records; `signing_keys` are secrets and stand in no text."""

    format: str = "auto"
    max_bytes: int = MAX_BYTES
    max_request_bytes: int = MAX_REQUEST_BYTES
    idempotency_hours: float = IDEMPOTENCY_HOURS
    signing_keys: tuple[str, ...] = field(default=(), repr=False)


def read_settings(config: Mapping[str, Any], params: Mapping[str, Any], reveal: Callable[[str], str]) -> IngestSettings:
    """Return the settings in a config as it stands in the file; raises AuthoringError for what does not fit.

    `${params.x}` is the parameter's default, `${secrets.x}` is looked up with `reveal`.
    """

    def given(name: str, default: Any) -> Any:
        return _resolved(config.get(name, default), params, reveal)

    found = IngestSettings(
        format=str(given("format", "auto")),
        max_bytes=_number(given("max_bytes", MAX_BYTES), "max_bytes", 64 * 1024, 1 << 50),
        max_request_bytes=_number(
            given("max_request_bytes", MAX_REQUEST_BYTES), "max_request_bytes", 1, MOST_REQUEST_BYTES
        ),
        idempotency_hours=float(_number(given("idempotency_hours", 24), "idempotency_hours", 0, 24 * 31)),
        signing_keys=tuple(str(_resolved(key, params, reveal)) for key in config.get("signing_keys") or ()),
    )
    if found.format not in FORMATS:
        raise _wrong("format", f"`{found.format[:40]}` is no format", f"One of {', '.join(FORMATS)}.")
    if len(found.signing_keys) > MOST_KEYS or not all(found.signing_keys):
        raise _wrong("signing_keys", "there may be two signing keys, none of them empty", "Two only while you rotate.")
    return found


def _resolved(value: Any, params: Mapping[str, Any], reveal: Callable[[str], str]) -> Any:
    """Return a value with its one reference replaced."""
    if not isinstance(value, str) or "${" not in value:
        return value
    match = _REFERENCE.fullmatch(value.strip())
    if match is None:
        raise _wrong("", f"`{value[:60]}` is not known while records come in", "Write the value, or `${params.name}`.")
    if match[1] == "secrets":
        return reveal(match[2])
    declared = params.get(match[2])
    if not isinstance(declared, Mapping) or declared.get("default") is None:
        hint = "Give it a default: records come in while nothing runs."
        raise _wrong("", f"the parameter `{match[2]}` has no default", hint)
    return declared["default"]


def _number(value: Any, name: str, least: int, most: int) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise _wrong(name, f"`{name}` is {value!r}", f"Give a number from {least} to {most}.")
    return value if name == "idempotency_hours" else int(value)


def _wrong(name: str, what: str, hint: str) -> AuthoringError:
    return AuthoringError("RNL-INGEST-001", what, hint, {"field": name} if name else None)
