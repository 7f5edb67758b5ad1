"""Apply edits to the text of a pipeline so that every line not meant stays as it is, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from runnel.errors import AuthoringError
from runnel.model import codes, emitting, splicing
from runnel.model.findings import Edit
from runnel.model.loading import NODE_KEYS, TOP_KEYS
from runnel.model.places import Path, dotted, listing
from runnel.model.reading import SourceNode, read
from runnel.model.saving import mapping_to_yaml
from runnel.model.shapes import is_list, is_map

MAX_FLOW = 100


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """Return the text with the edits applied in order; comments, order and layout of all other lines stay.

    The result always reads as `edit_mapping` of what the text read before: each edit is checked by reading the text
    again, and where a place is written in a way that cannot be changed alone, the smallest enclosing value is
    written anew.

    Raises:
        AuthoringError: the text is not readable, or an edit names a place that does not exist.
    """
    for edit in edits:
        text = _apply(text, edit)
    return text


def edit_mapping(data: Mapping[str, Any], edits: Sequence[Edit]) -> dict[str, Any]:
    """Return the plain document with the edits applied in order; the given one stays as it is.

    `set` makes missing mappings on its way and appends to a list at the index of its length.

    Raises:
        AuthoringError: an edit names a place that does not exist.
    """
    current: Any = data
    for edit in edits:
        current = _edited(current, edit, 0)
    return dict(current)


def rename_node(data: Mapping[str, Any], old: str, new: str) -> tuple[Edit, ...]:
    """Return the edits that give a node another id and follow every reference to it."""
    edits: list[Edit] = [Edit("rename", ("nodes", old), new)]
    for name, node in _items(data.get("nodes")):
        if is_map(node):
            place = ("nodes", new if name == old else name)
            for key in ("from", "after"):
                edits += _renamed_refs(node.get(key), (*place, key), old, new)
    edits += _renamed_refs(data.get("outputs"), ("outputs",), old, new)
    tests = data.get("tests")
    for place, test in enumerate(tests if is_list(tests) else ()):
        for key in ("given", "expect"):
            tables = test.get(key) if is_map(test) else None
            for ref, _ in _items(tables):
                if _names(ref, old):
                    edits.append(Edit("rename", ("tests", place, key, ref), new + ref[len(old) :]))
    ui = data.get("ui")
    positions = ui.get("nodes") if is_map(ui) else None
    if is_map(positions) and old in positions:
        edits.append(Edit("rename", ("ui", "nodes", old), new))
    return tuple(edits)


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if is_map(value) else []


def _names(ref: str, node: str) -> bool:
    return ref == node or ref.startswith((f"{node}.", f"{node}/"))


def _renamed_refs(value: Any, path: Path, old: str, new: str) -> list[Edit]:
    if isinstance(value, str):
        return [Edit("set", path, new + value[len(old) :])] if _names(value, old) else []
    parts = list(enumerate(value)) if is_list(value) else _items(value)
    return [edit for key, item in parts for edit in _renamed_refs(item, (*path, key), old, new)]


def _apply(text: str, edit: Edit) -> str:
    root = _readable(text)
    if edit.op == "set" and _is_same(root.value, edit):
        return text
    wanted = edit_mapping(root.value, [edit])
    expected = json.dumps(wanted)
    long = _long_flow(text, root, edit, wanted, expected)
    if long is not None:
        return long
    for smaller in _decomposed(edit, root, expected):
        done = _apply_each(text, smaller, expected)
        if done is not None:
            return done
    for length in range(len(edit.path), -1, -1):
        whole = _rewritten(text, root, edit.path[:length], wanted)
        if whole is not None and _reads_as(whole, expected):
            return whole
    written = mapping_to_yaml(wanted)
    if _reads_as(written, expected):
        return written
    raise AuthoringError(codes.EDIT_VALUE, f"the value for `{dotted(edit.path)}` cannot be written as YAML")


def _is_same(data: Any, edit: Edit) -> bool:
    found, value = _value_at(data, edit.path)
    return found and json.dumps(value) == json.dumps(edit.value)


def _readable(text: str) -> SourceNode:
    source = read(text.removeprefix("\ufeff"))
    if source.root is None:
        finding = source.findings[0]
        raise AuthoringError(finding.code, finding.what, finding.hint, {"line": finding.where.line})
    if not is_map(source.root.value):
        raise AuthoringError(codes.WRONG_TYPE, "the document is not a mapping, so it has no fields to edit")
    return source.root


def _reads_as(text: str, expected: str) -> bool:
    source = read(text.removeprefix("\ufeff"))
    return source.root is not None and json.dumps(source.root.value) == expected


def _apply_each(text: str, edits: Sequence[Edit], expected: str) -> str | None:
    """Splice the edits one after the other; None when one place cannot be changed alone or the result reads wrongly."""
    for edit in edits:
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        plain = text.removeprefix("\ufeff")
        root = read(plain).root
        if root is None:
            return None
        changed = splicing.splice(plain, root, edit, _position)
        if changed is None:
            return None
        text = mark + changed
    return text if _reads_as(text, expected) else None


def _long_flow(text: str, root: SourceNode, edit: Edit, wanted: Any, expected: str) -> str | None:
    """Return the text with a flow value of one line written as a block, where the edit makes it too long for a line."""
    for length in range(1, len(edit.path)):
        node = splicing.find(root, edit.path[:length])
        if node is None:
            return None
        if node.flow:
            found, value = _value_at(wanted, edit.path[:length])
            if not found or len(emitting.flow(value)) <= MAX_FLOW or "\n" in text[node.start : node.end]:
                return None
            whole = _rewritten(text, root, edit.path[:length], wanted)
            return whole if whole is not None and _reads_as(whole, expected) else None
    return None


def _decomposed(edit: Edit, root: SourceNode, expected: str) -> list[list[Edit]]:
    """Return the ways to try: setting a mapping over a block mapping touches only the entries that differ."""
    data = root.value
    found, old = _value_at(data, edit.path)
    node = splicing.find(root, edit.path)
    if node is None or node.flow:
        return [[edit]]
    if edit.op != "set" or not found or not (is_map(old) and old and is_map(edit.value) and edit.value):
        return [[edit]]
    if not set(old) & set(edit.value):
        return [[edit]]
    smaller = _differences(edit.path, old, edit.value)
    if json.dumps(edit_mapping(data, smaller)) == expected:
        return [smaller, [edit]]
    return [[edit]]


def _differences(path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Edit]:
    edits = [Edit("delete", (*path, key)) for key in old if key not in new]
    for key, value in new.items():
        if key not in old:
            edits.append(Edit("set", (*path, key), value))
        elif is_map(value) and value and is_map(old[key]) and set(value) & set(old[key]):
            edits += _differences((*path, key), old[key], value)
        elif json.dumps(value) != json.dumps(old[key]):
            edits.append(Edit("set", (*path, key), value))
    return edits


def _rewritten(text: str, root: SourceNode, path: Path, wanted: Any) -> str | None:
    """Write the value at `path` anew as it shall be after the edit; None when it cannot be placed."""
    found, value = _value_at(wanted, path)
    if not path or not found or splicing.find(root, path) is None:
        return None
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    changed = splicing.splice(text.removeprefix("\ufeff"), root, Edit("set", path, value), _position)
    return None if changed is None else mark + changed


def _value_at(data: Any, path: Path) -> tuple[bool, Any]:
    """Return whether there is a value at the path, and the value."""
    for key in path:
        inside = _inside(data, key)
        if not inside:
            return False, None
        data = inside[0]
    return True, data


def _inside(data: Any, key: str | int) -> tuple[Any, ...]:
    if is_map(data) and isinstance(key, str) and key in data:
        return (data[key],)
    if is_list(data) and isinstance(key, int) and 0 <= key < len(data):
        return (data[key],)
    return ()


def _position(path: Path, keys: Sequence[str], key: str) -> int:
    """Return where a new key goes among `keys`: by the format's order at the top and in nodes, else at the end."""
    order = TOP_KEYS if not path else NODE_KEYS if len(path) == 2 and path[0] == "nodes" else ()
    if key not in order:
        return len(keys)
    before = set(order[: order.index(key)])
    places = [place for place, known in enumerate(keys) if known in before]
    return places[-1] + 1 if places else 0


def _edited(data: Any, edit: Edit, depth: int) -> Any:
    if depth == len(edit.path):
        return _whole_document(edit)
    key = edit.path[depth]
    if is_list(data) and isinstance(key, int):
        return _edited_list(list(data), edit, depth, key)
    if data is None and edit.op == "set" and depth:
        data = {}
    if not is_map(data) or not isinstance(key, str):
        raise _no_place(edit, depth, data)
    return _edited_map(data, edit, depth, key)


def _whole_document(edit: Edit) -> Any:
    if edit.op != "set" or not is_map(edit.value):
        raise AuthoringError(codes.EDIT_PATH, "the whole document can only be set, to a mapping")
    return edit.value


def _edited_list(items: list[Any], edit: Edit, depth: int, place: int) -> list[Any]:
    last = depth == len(edit.path) - 1
    if edit.op == "set" and place == len(items):
        return [*items, _made(edit, depth + 1)]
    if not 0 <= place < len(items) or (last and edit.op == "rename"):
        raise _no_place(edit, depth, items)
    if last and edit.op == "delete":
        return items[:place] + items[place + 1 :]
    items[place] = edit.value if last else _edited(items[place], edit, depth + 1)
    return items


def _edited_map(data: Mapping[str, Any], edit: Edit, depth: int, key: str) -> dict[str, Any]:
    last = depth == len(edit.path) - 1
    if key not in data:
        if edit.op != "set":
            raise _no_place(edit, depth, data)
        place = _position(edit.path[:depth], list(data), key)
        pairs = list(data.items())
        return dict([*pairs[:place], (key, _made(edit, depth + 1)), *pairs[place:]])
    if not last:
        return {name: _edited(item, edit, depth + 1) if name == key else item for name, item in data.items()}
    if edit.op == "set":
        return {name: edit.value if name == key else item for name, item in data.items()}
    if edit.op == "delete":
        return {name: item for name, item in data.items() if name != key}
    return _renamed(data, edit, depth, key)


def _renamed(data: Mapping[str, Any], edit: Edit, depth: int, key: str) -> dict[str, Any]:
    if not isinstance(edit.value, str) or (edit.value in data and edit.value != key):
        what = f"`{dotted(edit.path)}` cannot be renamed to {edit.value!r}"
        hint = "another key has that name" if isinstance(edit.value, str) else "a key is text"
        raise AuthoringError(codes.EDIT_PATH, what, hint)
    return {edit.value if name == key else name: item for name, item in data.items()}


def _made(edit: Edit, depth: int) -> Any:
    """Return the value of a `set` wrapped in the mappings that its path needs below `depth`."""
    value = edit.value
    for key in reversed(edit.path[depth:]):
        value = [value] if isinstance(key, int) else {key: value}
    return value


def _no_place(edit: Edit, depth: int, data: Any) -> AuthoringError:
    what = f"the document has no `{dotted(edit.path[: depth + 1])}` to {edit.op}"
    hint = f"there are: {listing(data)}" if is_map(data) else ""
    return AuthoringError(codes.EDIT_PATH, what, hint)
