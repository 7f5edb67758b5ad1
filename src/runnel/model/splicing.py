"""One edit as a splice of YAML text, guided by the places of its values; refuses what it cannot change alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from runnel.model import emitting
from runnel.model.findings import Edit
from runnel.model.places import Path
from runnel.model.reading import SourceNode

Position = Callable[[Path, Sequence[str], str], int]


@dataclass(frozen=True)
class _Site:
    """The text with its line end, and how the splice renders into it."""

    text: str
    newline: str

    def line_start(self, offset: int) -> int:
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Return the offset of the line break after `offset`, or of the end of the text."""
        found = self.text.find("\n", offset)
        if found < 0:
            return len(self.text)
        return found - 1 if found and self.text[found - 1] == "\r" else found

    def next_line(self, offset: int) -> int:
        found = self.text.find("\n", offset)
        return len(self.text) if found < 0 else found + 1

    def column(self, offset: int) -> int:
        return offset - self.line_start(offset)

    def replaced(self, start: int, end: int, new: str) -> str:
        return self.text[:start] + new + self.text[end:]

    def end_of(self, node: SourceNode) -> int:
        """Return where the node's own text ends, without the blank lines that a block scalar takes in."""
        if node.style in {"|", ">"}:
            return len(self.text[: node.end].rstrip())
        if node.shape in {"map", "list"} and not node.flow and node.items:
            return max(self.end_of(node.items[-1]), node.keys[-1].end if node.keys else 0)
        return node.end

    def joined(self, lines: Sequence[str]) -> str:
        return self.newline.join(lines)


def splice(text: str, root: SourceNode, edit: Edit, position: Position) -> str | None:
    """Return the text after one edit, or None when the place is written in a way that cannot be changed alone.

    The caller reads the result again and compares it: a splice may be wrong only where it is then thrown away.
    `position` says where a new key goes.
    """
    site = _Site(text, "\r\n" if "\r\n" in text else "\n")
    if not edit.path:
        return None
    parent = find(root, edit.path[:-1])
    if parent is None or parent.shape not in {"map", "list"}:
        return _set_below(site, root, edit, position) if edit.op == "set" else None
    place = _index(parent, edit.path[-1])
    if place is None:
        return _insert(site, parent, edit, position) if edit.op == "set" else None
    if edit.op == "rename":
        return _rename(site, parent, place, edit.value)
    if edit.op == "delete":
        return _delete(site, parent, place)
    return _replace(site, parent, place, edit.value)


def find(root: SourceNode, path: Path) -> SourceNode | None:
    """Return the node at the path; None when there is none or an alias stands on the way."""
    node = root
    for key in path:
        place = _index(node, key)
        if place is None:
            return None
        node = node.items[place]
    return node


def _index(node: SourceNode, key: str | int) -> int | None:
    if node.shape == "map" and isinstance(key, str):
        return next((place for place, known in enumerate(node.keys) if known.value == key), None)
    if node.shape == "list" and isinstance(key, int) and 0 <= key < len(node.items):
        return key
    return None


def _set_below(site: _Site, root: SourceNode, edit: Edit, position: Position) -> str | None:
    """Set a value whose parents are missing or empty: put the wrapped value at the deepest place that exists."""
    for length in range(len(edit.path) - 1, 0, -1):
        value: Any = edit.value
        for key in reversed(edit.path[length:]):
            value = [value] if isinstance(key, int) else {key: value}
        node = find(root, edit.path[:length])
        if node is None:
            parent = find(root, edit.path[: length - 1])
            if parent is not None and parent.shape in {"map", "list"}:
                return _insert(site, parent, Edit("set", edit.path[:length], value), position)
        elif node.shape == "text" and node.value is None:
            return splice(site.text, root, Edit("set", edit.path[:length], value), position)
        else:
            return None
    return None


def _rename(site: _Site, parent: SourceNode, place: int, name: Any) -> str | None:
    if parent.shape != "map" or not isinstance(name, str):
        return None
    key = parent.keys[place]
    written = emitting.scalar(name, flow=parent.flow, key=True)
    return site.replaced(key.start, key.end, written)


def _replace(site: _Site, parent: SourceNode, place: int, value: Any) -> str | None:
    node = parent.items[place]
    if parent.flow:
        gap = " " if site.text[node.start - 1] not in " [{," and node.start == node.end else ""
        return site.replaced(node.start, node.end, gap + emitting.flow(value))
    head, indent = _head(site, parent, place)
    if head is None:
        return None
    line = site.line_start(head)
    written = emitting.inline(value, max(emitting.WIDTH - (head - line) - 1, 0))
    if written is None and isinstance(value, str) and node.style not in {"|", ">"} and len(value) < 2:
        return None
    if _stands_after(site, head, node):
        return _replace_on_line(site, node, head, indent, value, written)
    return _replace_below(site, node, head, indent, value, written)


def _head(site: _Site, parent: SourceNode, place: int) -> tuple[int | None, int]:
    """Return the offset just after the colon or dash of an entry, and the indentation of a block below it."""
    if parent.shape == "list":
        dash = _dash(site, parent, place)
        return (None, 0) if dash is None else (dash + 1, parent.column + 2)
    key = parent.keys[place]
    offset = key.end
    while site.text[offset : offset + 1] in {" ", "\t"}:
        offset += 1
    if site.text[offset : offset + 1] != ":":
        return None, 0
    return offset + 1, parent.keys[0].column + 2


def _dash(site: _Site, parent: SourceNode, place: int) -> int | None:
    """Return the offset of the dash of a block list's item: the nearest one above it in the list's column."""
    start = site.line_start(parent.items[place].start)
    lowest = site.line_start(parent.start)
    while start >= lowest:
        offset = start + parent.column
        if site.text[offset : offset + 1] == "-" and (start == lowest or not site.text[start:offset].strip()):
            return offset
        start = site.line_start(start - 1) if start else -1
    return None


def _stands_after(site: _Site, head: int, node: SourceNode) -> bool:
    return "\n" not in site.text[head : node.start]


def _replace_on_line(
    site: _Site, node: SourceNode, head: int, indent: int, value: Any, written: str | None
) -> str | None:
    """Replace a value that begins on the line of its key or dash; a comment behind it stays."""
    end = site.end_of(node)
    if node.shape in {"map", "list"} and not node.flow:
        return _replace_compact(site, node, head, end, indent, value)
    if node.style in {"|", ">"}:
        return _replace_literal(site, node, head, end, indent, value, written)
    if written is not None:
        return site.replaced(head, end, " " + written)
    if isinstance(value, str):
        line_end = site.line_end(end)
        if site.text[end:line_end].strip():
            return site.replaced(head, end, " " + emitting.flow(value))
        body = [emitting.literal_header(value), *emitting.block(value, indent)]
        return site.replaced(head, line_end, " " + site.joined(body))
    if site.text[head - 1] == "-":
        return _replace_compact(site, node, head, end, indent, value)
    rest = site.text[end : site.line_end(end)].rstrip()
    body = site.joined(emitting.block(value, indent))
    return site.replaced(head, site.line_end(end), rest + site.newline + body)


def _replace_literal(
    site: _Site, node: SourceNode, head: int, end: int, indent: int, value: Any, written: str | None
) -> str:
    comment = _comment(site.text[node.start : site.line_end(node.start)])
    if written is not None:
        return site.replaced(head, end, " " + written + comment)
    if isinstance(value, str):
        body = [emitting.literal_header(value) + comment, *emitting.block(value, indent)]
        return site.replaced(head, end, " " + site.joined(body))
    return site.replaced(head, end, comment + site.newline + site.joined(emitting.block(value, indent)))


def _comment(header: str) -> str:
    place = header.find(" #")
    return header[place:] if place >= 0 else ""


def _replace_compact(site: _Site, node: SourceNode, head: int, end: int, indent: int, value: Any) -> str | None:
    """Replace the item of a block list; a block begins on the line of its dash."""
    if site.text[head - 1] != "-":
        return None
    lines = emitting.list_item(value, indent - 2)
    return site.replaced(head - 1, end, site.joined([lines[0].lstrip(" "), *lines[1:]]))


def _replace_below(
    site: _Site, node: SourceNode, head: int, indent: int, value: Any, written: str | None
) -> str | None:
    """Replace a value that begins on a line below its key or dash; the line of the key keeps its comment."""
    end = site.end_of(node)
    # A comment behind the last line of a block belongs to that line.
    end = site.line_end(end) if node.shape in {"map", "list"} and not node.flow else end
    first = site.line_end(head)
    rest = site.text[head:first].rstrip()
    if rest.strip() and not rest.strip().startswith("#"):
        return None
    if written is not None:
        return site.replaced(head, end, " " + written + rest)
    if isinstance(value, str):
        body = [emitting.literal_header(value) + rest, *emitting.block(value, indent)]
        return site.replaced(head, end, " " + site.joined(body))
    return site.replaced(head, end, rest + site.newline + site.joined(emitting.block(value, indent)))


def _insert(site: _Site, parent: SourceNode, edit: Edit, position: Position) -> str | None:
    key = edit.path[-1]
    if parent.shape == "list":
        if key != len(parent.items):
            return None
        return _append(site, parent, edit.value)
    if not isinstance(key, str):
        return None
    keys = [str(known.value) for known in parent.keys]
    place = position(edit.path[:-1], keys, key)
    if parent.flow:
        written = f"{emitting.scalar(key, flow=True, key=True)}: {emitting.flow(edit.value)}"
        return _insert_flow(site, parent, place, written)
    indent = parent.keys[0].column
    lines = emitting.entry(key, edit.value, indent, always_block=_is_section(edit.path))
    if place == 0:
        start = parent.keys[0].start
        first = [lines[0].lstrip(" "), *lines[1:]]
        return site.replaced(start, start, site.joined(first) + site.newline + " " * indent)
    return _insert_lines(site, parent.items[place - 1], parent.keys[place - 1], lines)


def _is_section(path: Path) -> bool:
    """Tell whether a new value is one that people expect as a block: a section of the document, or a node."""
    if len(path) == 1:
        return path[0] in {"nodes", "params", "inputs"}
    return len(path) == 2 and path[0] == "nodes"


def _insert_lines(site: _Site, node: SourceNode, key: SourceNode | None, lines: Sequence[str]) -> str:
    """Put lines after the last line of an entry."""
    end = max(site.end_of(node), key.end if key else 0)
    line_end = site.line_end(end)
    return site.replaced(line_end, line_end, site.newline + site.joined(lines))


def _insert_flow(site: _Site, parent: SourceNode, place: int, written: str) -> str:
    if not parent.items:
        return site.replaced(parent.start, parent.end, _brackets(parent)[0] + written + _brackets(parent)[1])
    if place == 0:
        start = parent.keys[0].start if parent.keys else parent.items[0].start
        return site.replaced(start, start, written + ", ")
    end = parent.items[place - 1].end
    return site.replaced(end, end, ", " + written)


def _brackets(parent: SourceNode) -> str:
    return "{}" if parent.shape == "map" else "[]"


def _append(site: _Site, parent: SourceNode, value: Any) -> str:
    if parent.flow:
        return _insert_flow(site, parent, len(parent.items), emitting.flow(value))
    return _insert_lines(site, parent.items[-1], None, emitting.list_item(value, parent.column))


def _delete(site: _Site, parent: SourceNode, place: int) -> str | None:
    if len(parent.items) == 1 and not parent.flow:
        return None
    if parent.flow:
        return _delete_flow(site, parent, place)
    if parent.shape == "list":
        dash = _dash(site, parent, place)
        if dash is None:
            return None
        start = dash
    else:
        start = parent.keys[place].start
    node = parent.items[place]
    end = max(site.end_of(node), parent.keys[place].end if parent.keys else 0)
    line = site.line_start(start)
    if site.text[line:start].strip():
        return _delete_first_compact(site, parent, place, start)
    return site.replaced(line, site.next_line(end), "")


def _delete_first_compact(site: _Site, parent: SourceNode, place: int, start: int) -> str | None:
    """Delete the entry that shares its line with an outer dash: the next entry moves up to the dash."""
    if place + 1 >= len(parent.items) or parent.shape == "list":
        return None
    return site.replaced(start, parent.keys[place + 1].start, "")


def _delete_flow(site: _Site, parent: SourceNode, place: int) -> str:
    starts = [node.start for node in (parent.keys or parent.items)]
    if place + 1 < len(parent.items):
        return site.replaced(starts[place], starts[place + 1], "")
    if place == 0:
        return site.replaced(parent.start, parent.end, _brackets(parent))
    return site.replaced(parent.items[place - 1].end, parent.items[place].end, "")
