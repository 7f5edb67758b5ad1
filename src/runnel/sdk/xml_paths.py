"""Paths into XML: a small part of XPath, read here once for the node, its findings, and the engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_NAME = r"[^\W\d][\w.\-]*"
_STEP = re.compile(
    r"(?P<function>text\(\)|xml\(\))|(?P<self>\.)(?![\w.])"
    rf"|(?P<attribute>@)?(?:(?P<prefix>{_NAME}):)?(?P<name>{_NAME}|\*)"
)
_CONDITION = re.compile(
    rf"\[\s*(?:(?P<place>[1-9]\d*|last\(\))|(?P<attribute>@)?(?:(?P<prefix>{_NAME}):)?(?P<name>{_NAME})"
    r"(?:\s*=\s*(?P<value>'[^']*'|\"[^\"]*\"))?)\s*\]"
)
EXAMPLES = "`customer/name`, `/order/@id`, `//item[2]/price`, `item[@sku='A1']`"


@dataclass(frozen=True)
class XmlPath:
    """A path as XPath 1.0; `as_xml` says that the found elements themselves are wanted, not their text."""

    xpath: str
    as_xml: bool
    prefixes: tuple[str, ...]


@lru_cache(maxsize=1024)
def xml_path(written: str) -> XmlPath | None:
    """Return a path such as `customer/name`, `//item[2]/@sku` or `a/b/xml()`; None when it is none.

    It begins at the document's root element, with `/` at the root element's own name. A bare name means elements and
    attributes of any namespace, a prefixed one those of the namespace that the prefix stands for.
    """
    rest, made = written.strip(), ""
    prefixes: list[str] = []
    as_xml = ended = False
    while rest:
        slash = re.match(r"//?", rest)
        if (made and slash is None) or ended:
            return None
        made += slash[0] if slash else ""
        rest = rest[slash.end() :] if slash else rest
        found = _STEP.match(rest)
        if found is None:
            return None
        rest = rest[found.end() :]
        ended = bool(found["attribute"] or found["function"])
        as_xml = found["function"] == "xml()"
        made += _step(found, prefixes)
        while not ended and not found["self"] and (condition := _CONDITION.match(rest)):
            made += _condition(condition, prefixes)
            rest = rest[condition.end() :]
    return XmlPath(made, as_xml, tuple(dict.fromkeys(prefixes))) if made else None


def _step(found: re.Match[str], prefixes: list[str]) -> str:
    if found["function"]:
        return "text()" if found["function"] == "text()" else "self::*"
    return "." if found["self"] else _named(found, prefixes)


def _named(found: re.Match[str], prefixes: list[str]) -> str:
    axis = found["attribute"] or ""
    if found["prefix"]:
        prefixes.append(found["prefix"])
        return f"{axis}{found['prefix']}:{found['name']}"
    return f"{axis}*" if found["name"] == "*" else f"{axis}*[local-name()='{found['name']}']"


def _condition(found: re.Match[str], prefixes: list[str]) -> str:
    if found["place"]:
        return f"[{found['place']}]"
    return f"[{_named(found, prefixes)}{'=' + found['value'] if found['value'] else ''}]"


def joined_paths(paths: list[str]) -> str:
    """Return several paths as one text, which `split_paths` takes apart again."""
    return " | ".join(path.strip() for path in paths)


@lru_cache(maxsize=1024)
def split_paths(text: str) -> tuple[str, ...]:
    """Return the paths of a text in which `|` stands between them; inside quotes it does not count."""
    parts = re.findall(r"""(?:[^|'"]|'[^']*'|"[^"]*"|['"])+""", text)
    return tuple(part.strip() for part in parts)


def namespace_text(namespaces: Mapping[str, str]) -> str:
    """Return prefixes and namespaces as one text, `p=uri q=uri`."""
    return " ".join(f"{prefix}={uri}" for prefix, uri in namespaces.items())


@lru_cache(maxsize=256)
def read_namespaces(text: str) -> Mapping[str, str]:
    """Return prefix → namespace of a text `p=uri q=uri`."""
    return dict(part.split("=", 1) for part in text.split() if "=" in part)
