"""Canonical formatting of YAML text by a round trip that keeps comments; several candidates, most canonical first."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

MAX_ROUNDS = 5

_BLANK_LINES = re.compile(r"\n{3,}")


def candidates(text: str) -> Iterator[str]:
    """Yield formatted texts: first by a round trip, then with only line ends tidied, then with nothing changed.

    The caller takes the first one that still says the same.
    """
    tidy = _tidy(text)
    settled = _settled(tidy)
    if settled is not None:
        yield settled
    yield tidy
    yield text


def _settled(text: str) -> str | None:
    """Format until nothing changes, since a comment may move once when its neighbour does."""
    for _ in range(MAX_ROUNDS):
        formatted = _round_trip(text)
        if formatted is None or formatted == text:
            return formatted
        text = formatted
    return None


def _round_trip(text: str) -> str | None:
    try:
        documents: Any = _yaml()
        data = documents.load(text)
        out = io.StringIO()
        documents.dump(data, out)
    except (YAMLError, ValueError, RecursionError, NotImplementedError, AttributeError):
        # The caller falls back to a smaller change; that the text itself is readable it has checked before.
        return None
    return _tidy(out.getvalue())


def _yaml() -> YAML:
    documents = YAML(typ="rt")
    documents.indent(mapping=2, sequence=4, offset=2)
    documents.preserve_quotes = True
    documents.width = 1_000_000
    documents.allow_duplicate_keys = True
    return documents


def _tidy(text: str) -> str:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if "|" not in text and ">" not in text:
        text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
        text = _BLANK_LINES.sub("\n\n", text)
    return text.strip("\n") + "\n" if "|+" not in text else text
