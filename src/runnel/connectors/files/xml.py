"""XML: repeated elements as records; attributes and child elements as columns; nothing outside the file is fetched."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from runnel.connectors.files import limits
from runnel.connectors.files.decoded import Decoded, DecodedFormat, parquet_of_records
from runnel.connectors.files.formats import Prepared, Reading
from runnel.errors import AuthoringError, ConnectorError

_LOOKED_AT = 200_000


class XmlFormat(DecodedFormat):
    """XML documents."""

    name = "xml"
    extensions = ("xml", "rss", "kml", "gpx")

    def decode(self, file: Prepared, reading: Reading) -> Decoded:
        """Write the records as Parquet; what stands behind a fault in the document is a dead letter."""
        path = _given_path(reading.settings.record_path) or _repeated(file)
        repeated: set[tuple[str, ...]] = set()
        for element in _records(file, path, None):
            _record(element, (), repeated)
        found = 0

        def records() -> Iterator[dict[str, Any]]:
            nonlocal found
            for element in _records(file, path, reading):
                found += 1
                made = _listed(_record(element, (), set()), (), repeated)
                yield made if isinstance(made, dict) else {"value": made}

        made = parquet_of_records(records(), reading)
        if not found and reading.settings.record_path:
            what = f"{file.shown} has no element at {reading.settings.record_path}"
            hint = f"The repeated element is {'/'.join(_repeated(file))}."
            raise AuthoringError("RNL-FILE-016", what, hint, {"field": "record_path"})
        return Decoded(made, (f"records at {'/'.join(path)}",))


def _given_path(text: str | None) -> tuple[str, ...]:
    return tuple(part for part in text.strip("/").split("/") if part) if text else ()


def _events(file: Prepared, reading: Reading | None) -> Iterator[tuple[str, Any]]:
    """Yield start and end events; a fault in the document ends them, and is refused where `reading` is given."""
    etree: Any = importlib.import_module("lxml.etree")

    options: dict[str, Any] = {"resolve_entities": False, "no_network": True, "huge_tree": False, "load_dtd": False}
    try:
        first = True
        for event, element in etree.iterparse(file.readable, events=("start", "end"), **options):
            if first:
                first = _no_entities(file, element)
            yield event, element
    except etree.XMLSyntaxError as error:
        words = error.msg or "the document breaks off"
        if "depth" in words.lower():
            raise limits.depth(file.shown, error.lineno) from error
        if "entit" in words.lower() and "loop" in words.lower():
            raise limits.entities(file.shown) from error
        if "huge" in words.lower() or "too long" in words.lower() or "too big" in words.lower():
            raise limits.record_size(file.shown, error.lineno) from error
        if reading is not None:
            _refuse_rest(file, error.lineno or 1, words, reading)


def _no_entities(file: Prepared, element: Any) -> bool:
    """Refuse a document that declares entities: left unexpanded they would be lost text. Returns False."""
    declared = element.getroottree().docinfo.internalDTD
    if declared is not None and next(iter(declared.iterentities()), None) is not None:
        raise limits.entities(file.shown)
    return False


def _refuse_rest(file: Prepared, line: int, words: str, reading: Reading) -> None:
    with open(file.readable, "rb") as opened:
        byte = sum(len(opened.readline()) for _ in range(line - 1))
        opened.seek(byte)
        raw = opened.read(limits.MAX_RECORD_BYTES)
    reading.letters.add(raw, f"no XML from here on: {words}", {"file": file.path, "line": line, "byte": byte})


def _repeated(file: Prepared) -> tuple[str, ...]:
    """Return the path of the shallowest element that repeats most below one parent; the root if none does."""
    counts: Counter[tuple[str, ...]] = Counter()
    stack: list[str] = []
    number = 0
    root: tuple[str, ...] = ()
    for number, (event, element) in enumerate(_events(file, None)):
        if event == "start":
            if len(stack) >= limits.MAX_DEPTH // 2:
                raise limits.depth(file.shown)
            stack.append(_local(element.tag))
            root = root or (stack[0],)
            counts[tuple(stack)] += 1
        else:
            stack.pop()
            element.clear()
        if number > _LOOKED_AT:
            break
    if not counts:
        what = f"reading {file.shown}: there is no element in it"
        raise ConnectorError("RNL-FILE-017", what, "Is it XML?", {"file": file.path})
    many = [(path, count) for path, count in counts.items() if count > 1]
    if not many:
        return root
    shallow = min(len(path) for path, _ in many)
    return max((item for item in many if len(item[0]) == shallow), key=lambda item: item[1])[0]


def _records(file: Prepared, path: tuple[str, ...], reading: Reading | None) -> Iterator[Any]:
    """Yield the elements at a path, each freed after use."""
    stack: list[str] = []
    for event, element in _events(file, reading):
        if event == "start":
            stack.append(_local(element.tag))
            continue
        here = tuple(stack)
        stack.pop()
        if here == path or (len(path) == 1 and here[-1:] == path):
            yield element
        if len(here) <= len(path):
            element.clear()
            parent = element.getparent()
            while parent is not None and element.getprevious() is not None:
                del parent[0]


def _local(tag: Any) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else "_comment"


def _record(element: Any, path: tuple[str, ...], repeated: set[tuple[str, ...]]) -> Any:
    """Return an element as text, or as a mapping of its attributes and children; notes which children repeat."""
    made: dict[str, Any] = {_local(name): value for name, value in element.attrib.items()}
    texts = [element.text or ""]
    for child in element:
        texts.append(child.tail or "")
        if not isinstance(child.tag, str):
            continue
        name = _local(child.tag)
        value = _record(child, (*path, name), repeated)
        if name in made:
            repeated.add((*path, name))
            made[name] = [*made[name], value] if isinstance(made[name], list) else [made[name], value]
        else:
            made[name] = value
    text = "".join(texts).strip()
    if not made:
        return text if path else {"value": text}
    if text:
        made["value" if "value" not in made else "text"] = text
    return made


def _listed(value: Any, path: tuple[str, ...], repeated: set[tuple[str, ...]]) -> Any:
    """Make a list of every child that repeats somewhere, so that all records have one shape; empty texts are NULL."""
    if not isinstance(value, dict):
        return value or None
    made = {}
    for name, part in value.items():
        here = (*path, name)
        parts = part if isinstance(part, list) else [part]
        shaped = [_listed(one, here, repeated) for one in parts]
        made[name] = shaped if here in repeated else shaped[0]
    return made


FORMATS = (XmlFormat(),)
