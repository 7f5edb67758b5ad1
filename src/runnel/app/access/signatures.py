"""Signatures of webhooks (Standard Webhooks 1.0): HMAC-SHA256 over `id.timestamp.body`, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence

TOLERANCE_SECONDS = 300
MOST_SIGNATURES = 10
PREFIX = "whsec_"
_ID = re.compile(r"[\x21-\x7e]{1,200}")
_TIME = re.compile(r"\d{1,12}")


def key_bytes(secret: str) -> bytes:
    """Return the key that a secret stands for: base64, with or without `whsec_` before it; else its own bytes."""
    text = secret.strip().removeprefix(PREFIX)
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    return found if len(found) >= 16 else secret.strip().encode()


def is_timely(id: str, timestamp: str, now: float) -> bool:
    """Tell whether id and time can belong to a message of now, before its body is read."""
    if _ID.fullmatch(id) is None or _TIME.fullmatch(timestamp) is None:
        return False
    return abs(now - int(timestamp)) <= TOLERANCE_SECONDS


def is_signed(keys: Sequence[bytes], id: str, timestamp: str, body: bytes, given: str) -> bool:
    """Tell whether one of the signatures given is by one of the keys; every pair is compared, whatever came before."""
    signed = b".".join((id.encode(), timestamp.encode(), body))
    right = False
    candidates = [part[3:] for part in given.split(" ")[:MOST_SIGNATURES] if part.startswith("v1,")]
    for key in keys:
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
        for candidate in candidates:
            right |= hmac.compare_digest(expected, candidate.encode("utf-8", "surrogateescape"))
    return right
