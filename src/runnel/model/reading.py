"""YAML text to plain values with their places, by the events of the parser, so that no input can exhaust it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import yaml
from yaml import events as ev

from runnel.model import codes, scalars
from runnel.model.findings import Finding, Where
from runnel.model.places import Path, cut, where_of

MAX_BYTES = 64 * 1024 * 1024
MAX_VALUES = 1_000_000
MAX_ALIASED_VALUES = 100_000
MAX_DEPTH = 100
MAX_NODES = 5_000

_FORBIDDEN = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STRING_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_CORE_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null"))
_COLLECTION_TAGS = frozenset({"!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
_HINTS = {
    "mapping values are not allowed": "put text that holds `: ` in quotes, and indent keys alike",
    "could not find expected ':'": "a key needs a colon and a space after it; long text belongs in quotes",
    "did not find expected key": "check the indentation of this line and the quotes above it",
    "did not find expected '-' indicator": "items of a list are indented alike and begin with `- `",
    "cannot start any token": "put text that begins with @, `, % or a bracket in quotes",
    "did not find expected ',' or": "a bracket or brace above is not closed",
    "unexpected end of stream": "a quote above is not closed",
}


@dataclass(slots=True)
class SourceNode:
    """One value of the text with its place: character offsets `start` to `end`, 0-based line and column.

    A mapping has `keys` and `items` side by side, a list only `items`. `end` of a block collection is the end of its
    last item. `size` and `height` count the values below, aliases expanded.
    """

    shape: str
    start: int
    end: int
    line: int
    column: int
    flow: bool = False
    style: str | None = None
    value: Any = None
    anchored: bool = False
    size: int = 1
    height: int = 0
    keys: list[SourceNode] = field(default_factory=list["SourceNode"])
    items: list[SourceNode] = field(default_factory=list["SourceNode"])


@dataclass
class Source:
    """What reading gave: the root (None when the text could not be read), lines by path, and findings."""

    root: SourceNode | None = None
    lines: dict[Path, tuple[int, int]] = field(default_factory=dict[Path, tuple[int, int]])
    findings: list[Finding] = field(default_factory=list[Finding])


def _mark_place(mark: Any, text: str) -> Where:
    # At the end of the text the parser counts one line more than there is.
    if mark.index < len(text):
        return Where(line=mark.line + 1, column=mark.column + 1)
    last = text.rstrip()
    return Where(line=last.count("\n") + 1, column=len(last) - last.rfind("\n"))


class _StoppedError(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


@dataclass(slots=True)
class _Frame:
    node: SourceNode
    path: Path
    anchor: str | None
    key: SourceNode | None = None
    seen: dict[str, int] = field(default_factory=dict[str, int])


def read(text: str) -> Source:
    """Read one YAML document into values with places; problems become findings, never exceptions."""
    source = Source()
    refused = _refused(text)
    if refused is not None:
        source.findings.append(refused)
        return source
    try:
        source.root = _Reader(source).run(_events(text))
    except _StoppedError as stop:
        source.findings.append(stop.finding)
    except yaml.YAMLError as error:
        source.findings.append(_syntax_finding(error, text))
    if source.root is None and not source.findings:
        source.findings.append(
            Finding(codes.EMPTY_DOCUMENT, "error", "the file holds no document", "begin with `runnel: 1` and `name: …`")
        )
    return source


def _events(text: str) -> Iterator[ev.Event]:
    parse = cast("Callable[..., Iterator[ev.Event]]", getattr(yaml, "parse"))  # noqa: B009 (its stub is untyped)
    return parse(text, Loader=_LOADER)


def _refused(text: str) -> Finding | None:
    # 4 bytes per character at most, so only a long text needs to be measured exactly.
    if len(text) > MAX_BYTES // 4 and len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        what = f"the file has more than {MAX_BYTES // 1024 // 1024} MB"
        return Finding(codes.TOO_MANY_BYTES, "error", what, "keep data in data files and read them with a source node")
    found = _FORBIDDEN.search(text)
    if found is None:
        return None
    line = text.count("\n", 0, found.start()) + 1
    column = found.start() - text.rfind("\n", 0, found.start())
    what = f"line {line} holds the character U+{ord(found.group()):04X}, which YAML allows only as an escape"
    hint = f'remove it, or write it in double quotes as "\\u{ord(found.group()):04X}"'
    return Finding(codes.CONTROL_CHARACTER, "error", what, hint, Where(line=line, column=column))


def _syntax_finding(error: yaml.YAMLError, text: str) -> Finding:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or error)
    where = Where() if mark is None else _mark_place(mark, text)
    if mark is not None and text[mark.index : mark.index + 1] == "\t":
        what = f"line {where.line} has a tab where YAML wants spaces"
        return Finding(codes.TAB, "error", what, "indent with two spaces per level", where)
    context = getattr(error, "context", None)
    hint = next((hint for part, hint in _HINTS.items() if part in problem), "check the lines just above this one")
    what = f"reading the YAML: {problem}" + (f" ({context})" if context else "")
    return Finding(codes.SYNTAX, "error", what, hint, where)


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.stack: list[_Frame] = []
        self.anchors: dict[str, SourceNode | None] = {}
        self.count = 0
        self.aliased = 0
        self.documents = 0
        self.root: SourceNode | None = None

    def run(self, events: Iterator[ev.Event]) -> SourceNode | None:
        handlers: dict[type, Any] = {
            ev.ScalarEvent: self.scalar,
            ev.AliasEvent: self.alias,
            ev.MappingStartEvent: self.open,
            ev.SequenceStartEvent: self.open,
            ev.MappingEndEvent: self.close,
            ev.SequenceEndEvent: self.close,
            ev.DocumentStartEvent: self.document,
        }
        for event in events:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
        return self.root

    def document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            hint = "put the second pipeline into its own file, without the line `---`"
            raise self.stop(codes.SEVERAL_DOCUMENTS, event, "a second YAML document begins here", hint)

    def scalar(self, event: Any) -> None:
        mark = event.start_mark
        node = SourceNode("text", mark.index, event.end_mark.index, mark.line, mark.column, style=event.style)
        is_key = self.expects_key()
        node.value = event.value if is_key else self.scalar_value(event, node)
        node.anchored = event.anchor is not None
        if is_key and event.value == "<<" and event.implicit[0] and not event.style:
            self.report(codes.MERGE_KEY, node, "the merge key `<<` is YAML 1.1", "repeat the keys that are meant")
        self.add(node, event)
        if event.anchor is not None:
            self.anchors[event.anchor] = node

    def scalar_value(self, event: Any, node: SourceNode) -> Any:
        if event.tag in _STRING_TAGS or (event.tag is None and not event.implicit[0]):
            return event.value
        if event.tag is not None and event.tag not in _CORE_TAGS:
            self.bad_tag(event, node)
            return event.value
        value, remark = scalars.resolve(event.value)
        if remark is not None:
            self.remark(remark, event.value, node)
        return value

    def bad_tag(self, event: Any, node: SourceNode) -> None:
        what = f"the tag {cut(event.tag)!r} asks for a type that pipeline files do not use"
        self.report(codes.UNSUPPORTED_TAG, node, what, "remove the tag; quotes make text")

    def remark(self, remark: str, text: str, node: SourceNode) -> None:
        quoted = f'write "{cut(text)}" in quotes if it is text'
        if remark == "zeros":
            what = f"{cut(text)} is a number, so its leading zeros are lost"
            self.report(codes.LEADING_ZEROS, node, what, quoted, "warning")
        elif remark == "digits":
            what = f"{cut(text)} has more digits than a floating point number keeps"
            self.report(codes.DIGITS_LOST, node, what, f'"{cut(text)}" in quotes stays exact', "warning")
        else:
            what = f"{cut(text)} is not a number that JSON can hold"
            self.report(codes.NOT_JSON, node, what, quoted)

    def alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            raise self.stop(
                codes.ALIAS_UNKNOWN,
                event,
                f"the anchor &{cut(event.anchor)} is not defined above",
                "write the value out",
            )
        target = self.anchors[event.anchor]
        if target is None:
            what = f"*{cut(event.anchor)} stands inside the value that it points at"
            raise self.stop(codes.ALIAS_CYCLE, event, what, "write the value out")
        mark = event.start_mark
        node = SourceNode("alias", mark.index, event.end_mark.index, mark.line, mark.column, value=target.value)
        node.size, node.height = target.size, target.height
        self.aliased += target.size
        if self.aliased > MAX_ALIASED_VALUES:
            what = f"the aliases expand to more than {MAX_ALIASED_VALUES:,} values"
            raise self.stop(codes.ALIAS_BOMB, event, what, "write the values out or keep them in a data file")
        if len(self.stack) + target.height > MAX_DEPTH:
            raise self.too_deep(event)
        if self.expects_key() and target.shape != "text":
            raise self.stop(codes.KEY_NOT_TEXT, event, "a key is an alias of a mapping or list", "use text as key")
        self.add(node, event)

    def open(self, event: Any) -> None:
        if self.expects_key():
            raise self.stop(codes.KEY_NOT_TEXT, event, "a key is itself a mapping or a list", "use text as key")
        if len(self.stack) >= MAX_DEPTH:
            raise self.too_deep(event)
        is_map = isinstance(event, ev.MappingStartEvent)
        mark = event.start_mark
        node = SourceNode("map" if is_map else "list", mark.index, mark.index, mark.line, mark.column)
        node.flow = bool(event.flow_style)
        node.value = {} if is_map else []
        node.anchored = event.anchor is not None
        if event.tag is not None and event.tag not in _COLLECTION_TAGS:
            self.bad_tag(event, node)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        self.stack.append(_Frame(node, self.path(), event.anchor))

    def close(self, event: Any) -> None:
        frame = self.stack.pop()
        node = frame.node
        last = node.items[-1].end if node.items else node.start
        node.end = event.end_mark.index if node.flow else last
        if frame.anchor is not None:
            self.anchors[frame.anchor] = node
        self.add(node, event)

    def add(self, node: SourceNode, event: Any) -> None:
        self.count += 1
        if self.count > MAX_VALUES:
            what = f"the file holds more than {MAX_VALUES:,} values"
            hint = "keep data in data files and read them with a source node"
            raise self.stop(codes.TOO_MANY_VALUES, event, what, hint)
        if not self.stack:
            self.root = node
            self.source.lines[()] = (node.line + 1, node.column + 1)
            return
        frame = self.stack[-1]
        parent = frame.node
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if parent.shape == "list":
            self.source.lines[(*frame.path, len(parent.items))] = (node.line + 1, node.column + 1)
            parent.items.append(node)
            parent.value.append(node.value)
        elif frame.key is None:
            frame.key = node
        else:
            self.entry(frame, frame.key, node, event)

    def entry(self, frame: _Frame, key: SourceNode, node: SourceNode, event: Any) -> None:
        frame.key = None
        parent = frame.node
        name = key.value if isinstance(key.value, str) else str(key.value)
        path = (*frame.path, name)
        if name in parent.value:
            what = f"the key {cut(name)!r} stands twice, first in line {frame.seen[name] + 1}"
            place = where_of(path, {path: (key.line + 1, key.column + 1)})
            finding = Finding(codes.DUPLICATE_KEY, "error", what, "keep one of the two", place)
            self.source.findings.append(finding)
        frame.seen[name] = key.line
        self.source.lines[path] = (key.line + 1, key.column + 1)
        parent.keys.append(key)
        parent.items.append(node)
        parent.value[name] = node.value
        if len(parent.keys) > MAX_NODES and frame.path == ("nodes",):
            what = f"the pipeline has more than {MAX_NODES:,} nodes"
            raise self.stop(codes.TOO_MANY_NODES, event, what, "split it into sub-pipelines (kind pipeline.run)")

    def expects_key(self) -> bool:
        return bool(self.stack) and self.stack[-1].node.shape == "map" and self.stack[-1].key is None

    def path(self) -> Path:
        if not self.stack:
            return ()
        frame = self.stack[-1]
        if frame.node.shape == "list":
            return (*frame.path, len(frame.node.items))
        return (*frame.path, frame.key.value) if frame.key is not None else frame.path

    def report(self, code: str, node: SourceNode, what: str, hint: str, severity: Any = "error") -> None:
        path = self.path()
        where = where_of(path, {path: (node.line + 1, node.column + 1)})
        self.source.findings.append(Finding(code, severity, what, hint, where))

    def stop(self, code: str, event: Any, what: str, hint: str = "") -> _StoppedError:
        mark = event.start_mark
        return _StoppedError(Finding(code, "error", what, hint, Where(line=mark.line + 1, column=mark.column + 1)))

    def too_deep(self, event: Any) -> _StoppedError:
        return self.stop(codes.TOO_DEEP, event, f"values are nested deeper than {MAX_DEPTH} levels", "flatten them")
