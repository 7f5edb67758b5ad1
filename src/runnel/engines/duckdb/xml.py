"""XML for DuckDB: texts are parsed in batches by lxml, with nothing fetched, expanded or allowed to grow."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from runnel.engines.duckdb.arrow import lists, structs, texts
from runnel.sdk.xml_paths import read_namespaces, split_paths, xml_path

MAX_BYTES = 16 * 1024**2
MAX_DEPTH = 256
"""libxml2's own limit, which stands as long as huge trees are off."""

_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DOCTYPE = re.compile(rb"<!DOCTYPE(?:[^\[>\"']|\"[^\"]*\"|'[^']*')*", re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"

Found = list[list[str | None]]


class XmlError(ValueError):
    """A text that cannot be read as XML, with the reason in words."""


def xml_batch(documents: Any, paths: Any, namespaces: Any) -> Any:
    """Return per document {problem, found}: why it cannot be read, or for each path the texts that it leads to.

    `paths` are paths with `|` between them. All arguments and the result are Arrow arrays of one length.
    """
    problems: list[str | None] = []
    rows: list[Found | None] = []
    for document, listed, spaces in _rows(documents, paths, namespaces):
        problem: str | None = None
        found: Found | None = None
        if document is not None:
            try:
                found = extracted(document, listed or "", spaces or "")
            except XmlError as error:
                problem = str(error)
        problems.append(problem)
        rows.append(found)
    there = [problem is not None or found is not None for problem, found in zip(problems, rows, strict=True)]
    return structs({"problem": texts(problems), "found": lists(rows, _listed)}, there)


def xml_list_batch(documents: Any, paths: Any, namespaces: Any) -> Any:
    """Return per document the texts that its one path leads to; raises XmlError for what is no XML."""
    rows: list[list[str | None] | None] = []
    for document, path, spaces in _rows(documents, paths, namespaces):
        missing = document is None or path is None or spaces is None
        rows.append(None if missing else extracted(str(document), str(path), str(spaces))[0])
    return lists(rows, texts)


def is_xml_batch(documents: Any) -> Any:
    """Return per text whether it is an XML document that can be read; NULL for NULL."""
    import pyarrow as pa

    answers: list[str | None] = []
    for document in documents.to_pylist():
        try:
            answers.append(None if document is None else "true")
            if document is not None:
                _parsed(document)
        except XmlError:
            answers[-1] = "false"
    return texts(answers).cast(pa.bool_())


def _rows(*columns: Any) -> Iterable[Any]:
    rows: Any = zip(*(column.to_pylist() for column in columns), strict=True)
    return rows


def _listed(rows: Sequence[Any]) -> Any:
    return lists(rows, texts)


def extracted(document: str, paths: str, namespaces: str) -> Found:
    """Return for each path the texts that it leads to, without white space around; an empty one is None.

    Raises XmlError for a document that cannot be read, and for a path that is none.
    """
    readers = _readers(paths, namespaces)
    root = _parsed(document)
    return [[_value(item, as_xml) for item in find(root)] for find, as_xml in readers]


@lru_cache(maxsize=256)
def _readers(paths: str, namespaces: str) -> list[tuple[Any, bool]]:
    etree: Any = importlib.import_module("lxml.etree")
    known = read_namespaces(namespaces)
    made: list[tuple[Any, bool]] = []
    for written in split_paths(paths) or ("",):
        path = xml_path(written)
        if path is None:
            raise XmlError(f"`{written}` is no path")
        for prefix in path.prefixes:
            if prefix not in known:
                raise XmlError(f"no namespace is given for `{prefix}` in `{written}`")
        used = {prefix: known[prefix] for prefix in path.prefixes}
        made.append((etree.XPath(path.xpath, namespaces=used or None, smart_strings=False, regexp=False), path.as_xml))
    return made


@lru_cache(maxsize=1)
def _lxml() -> tuple[Any, Any, Any]:
    """Return lxml, a parser that reaches nothing outside the text, and the way to an element's whole text."""
    etree: Any = importlib.import_module("lxml.etree")
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        attribute_defaults=False, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    return etree, parser, etree.XPath("string()", smart_strings=False)


def _parsed(document: str) -> Any:
    etree, parser, _ = _lxml()
    data = document.encode("utf-8", "replace")
    if len(data) > MAX_BYTES:
        raise XmlError(f"the document has {len(data)} bytes, and {MAX_BYTES} are allowed")
    typed = _refuse_declarations(data)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise XmlError(_words(error)) from None
    if typed and (_declares(root) or next(root.iter(etree.Entity), None) is not None):
        raise XmlError("the document refers to entities, which are never expanded")
    return root


def _refuse_declarations(data: bytes) -> bool:
    """Refuse a document type with declarations before anything is parsed; tell whether there is a document type."""
    start = _PROLOG.match(data, len(_BOM) if data.startswith(_BOM) else 0)
    found = _DOCTYPE.match(data, start.end() if start else 0)
    if found is not None and data[found.end() : found.end() + 1] == b"[":
        raise XmlError("the document has a document type with declarations of its own, which are never followed")
    return found is not None


def _declares(root: Any) -> bool:
    declared = root.getroottree().docinfo.internalDTD
    return declared is not None and next(iter(declared.iterentities()), None) is not None


def _words(error: Any) -> str:
    words = (error.msg or "the document breaks off").split(", line ")[0]
    if "Excessive depth" in words:
        return f"elements are nested more than {MAX_DEPTH} deep"
    if "Resource limit" in words or "too long" in words:
        return f"one text is too long ({words})"
    return f"this is no XML: {words} (line {error.lineno or 1})"


def _value(item: Any, as_xml: bool) -> str | None:
    etree, _, whole = _lxml()
    if isinstance(item, str):
        text = item
    elif as_xml:
        text = etree.tostring(item, encoding="unicode", with_tail=False)
    else:
        text = (item.text or "") if len(item) == 0 else whole(item)
    return text.strip() or None
