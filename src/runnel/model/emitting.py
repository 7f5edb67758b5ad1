"""Plain values to YAML text: short maps and lists in flow style, long ones as blocks, quotes only where needed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from runnel.errors import AuthoringError
from runnel.model import codes, scalars
from runnel.model.shapes import is_list, is_map

WIDTH = 80
LONGEST_SIMPLE_KEY = 900

_PRINTABLE = re.compile("[ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*\\Z")
_LINES = re.compile("[\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*\\Z")
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`")
_OLD_BOOLEANS = frozenset({"y", "n", "yes", "no", "on", "off"})
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def scalar(value: Any, *, flow: bool, key: bool = False) -> str:
    """Return a scalar on one line; text is quoted only where it would be read as something else.

    Raises:
        AuthoringError: the value cannot stand in a document (not a JSON value, half a surrogate pair).
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if _is_plain(value, flow=flow, key=key) else _quoted(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    raise AuthoringError(codes.EDIT_VALUE, f"a value of type {type(value).__name__} ({value!r:.60}) has no JSON form")


def flow(value: Any) -> str:
    """Return the value on one line, maps and lists in flow style."""
    if is_map(value):
        pairs = (f"{scalar(str(key), flow=True, key=True)}: {flow(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if is_list(value):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value, flow=True)


def inline(value: Any, room: int) -> str | None:
    """Return the value as it stands after `key: ` on the same line, or None when it needs lines of its own."""
    if isinstance(value, (Mapping, list, tuple)):
        if not value:
            return flow(value)
        if not _fits(value, room):
            return None
        text = flow(value)
        return text if len(text) <= room else None
    if isinstance(value, str) and _is_literal(value):
        return None
    return scalar(value, flow=False)


def block(value: Any, indent: int) -> list[str]:
    """Return the lines of a value that needs lines of its own, indented; text becomes a literal's body."""
    if is_map(value):
        return [line for key, item in value.items() for line in entry(str(key), item, indent)]
    if is_list(value):
        return [line for item in value for line in list_item(item, indent)]
    return [" " * indent + line if line else "" for line in _literal_lines(value)]


def entry(key: str, value: Any, indent: int, *, always_block: bool = False) -> list[str]:
    """Return the lines of one entry of a block mapping; `always_block` keeps a non-empty mapping out of flow style."""
    name = scalar(key, flow=False, key=True)
    if len(name) > LONGEST_SIMPLE_KEY:
        return _long_key_entry(name, value, indent)
    head = " " * indent + name + ":"
    collection = is_map(value) or is_list(value)
    text = None if always_block and collection and value else inline(value, WIDTH - len(head) - 1)
    if text is not None:
        return [f"{head} {text}"]
    if isinstance(value, str):
        return [f"{head} {literal_header(value)}", *block(value, indent + 2)]
    return [head, *block(value, indent + 2)]


def list_item(value: Any, indent: int) -> list[str]:
    """Return the lines of one item of a block list."""
    head = " " * indent + "- "
    text = inline(value, WIDTH - len(head))
    if text is not None:
        return [head + text]
    if isinstance(value, str):
        return [head + literal_header(value), *block(value, indent + 2)]
    lines = block(value, indent + 2)
    return [head + lines[0].lstrip(" "), *lines[1:]]


def literal_header(text: str) -> str:
    """Return the header of a literal block that keeps exactly the text's final line breaks."""
    if not text.endswith("\n"):
        return "|-"
    return "|+" if text.endswith("\n\n") else "|"


def _long_key_entry(name: str, value: Any, indent: int) -> list[str]:
    # A key on the line of its colon may have at most 1024 characters (YAML 1.2, 7.4.2).
    text = inline(value, WIDTH)
    head = [" " * indent + "? " + name]
    if text is not None:
        return [*head, " " * indent + ": " + text]
    if isinstance(value, str):
        return [*head, " " * indent + ": " + literal_header(value), *block(value, indent + 2)]
    lines = block(value, indent + 2)
    return [*head, " " * indent + ": " + lines[0].lstrip(" "), *lines[1:]]


def _literal_lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


def _fits(value: Any, room: int) -> bool:
    """Tell cheaply whether the flow form may fit, so that large values are not rendered to be thrown away."""
    if room <= 0 and value:
        return False
    parts: Any = value.items() if is_map(value) else value
    if len(parts) * 3 > room + 3:
        return False
    texts: list[Any] = [*value.keys(), *value.values()] if is_map(value) else list(value)
    return not any(isinstance(text, str) and (len(text) > room or "\n" in text) for text in texts)


def _is_plain(text: str, *, flow: bool, key: bool) -> bool:
    if not text or text != text.strip() or not _PRINTABLE.match(text) or (not scalars.is_text(text) and not key):
        return False
    if (key and text in {"<<", "~"}) or (not key and text.lower() in _OLD_BOOLEANS):
        return False
    if text[0] in _INDICATORS and not _is_safe_start(text, flow):
        return False
    if ": " in text or " #" in text or text.endswith(":") or text.startswith(("---", "...")):
        return False
    return not (flow or key) or not any(char in ",[]{}?:" for char in text)


def _is_safe_start(text: str, flow: bool) -> bool:
    return not flow and text[0] in "-?:" and len(text) > 1 and text[1] not in " ,[]{}"


def _is_literal(text: str) -> bool:
    """Tell whether text with line breaks can be a literal block without any escape or indentation indicator."""
    if "\n" not in text or text[0] in " \t\n" or not _LINES.match(text):
        return False
    lines = text.split("\n")
    return bool(lines[0].strip()) and all(line == line.rstrip() and not line.startswith("\t") for line in lines)


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if _PRINTABLE.match(char):
        return char
    number = ord(char)
    if 0xD800 <= number <= 0xDFFF:
        raise AuthoringError(codes.EDIT_VALUE, f"half of a surrogate pair (U+{number:04X}) cannot be written as UTF-8")
    return f"\\x{number:02X}" if number <= 0xFF else f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"
