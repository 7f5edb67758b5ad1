"""Redaction: what looks like a secret by its name never reaches a log, an audit entry or an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|api_?key|private_?key|access_?key|credential|authorization|cookie|^csrf$|^dsn$",
    re.IGNORECASE,
)
NOT_SECRET = frozenset({"token_id", "tokens", "token_type", "secrets_used", "secret_fields"})
SHOWN = "•••"
_URL_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@", re.IGNORECASE)
_QUERY_TOKEN = re.compile(r"([?&#](?:token|key|secret|code)=)[^&\s#\"']+", re.IGNORECASE)
_SHARE_LINK = re.compile(r"(/share/)[A-Za-z0-9_-]{20,}")
_BEARER = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_OURS = re.compile(r"\brnl_[A-Za-z0-9_-]{16,}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def redacted(value: Any, name: str = "") -> Any:
    """Return the value with secrets replaced, at any depth."""
    if name and name not in NOT_SECRET and SECRET_NAME.search(name) and value not in (None, "", False, True):
        return SHOWN
    if isinstance(value, Mapping):
        return {str(key): redacted(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(inner) for inner in value]
    return redacted_text(value) if isinstance(value, str) else value


def redacted_text(text: str) -> str:
    """Return a text without passwords in addresses, tokens in queries, and tokens of our own."""
    text = _URL_PASSWORD.sub(rf"\1:{SHOWN}@", text)
    text = _SHARE_LINK.sub(rf"\1{SHOWN}", _QUERY_TOKEN.sub(rf"\1{SHOWN}", text))
    return _OURS.sub(SHOWN, _BEARER.sub(rf"\1 {SHOWN}", text))
