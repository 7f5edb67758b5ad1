"""References between nodes as a file writes them: `from:`, `after:`, tests and outputs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from runnel.model import codes
from runnel.model.checking import Checker
from runnel.model.document import Wire
from runnel.model.findings import Edit, Fix
from runnel.model.places import Path, dotted, listing, shown
from runnel.model.shapes import is_list, is_map


def split(ref: str) -> tuple[str, str | None]:
    """Return node and output port of `node` or `node.port`; a port may hold further dots."""
    node, dot, port = ref.partition(".")
    return node, port if dot else None


def is_reference(text: str) -> bool:
    """Tell whether the text has the form `node` or `node.port`."""
    node, output = split(text)
    return bool(node) and output != "" and text == text.strip()


def wires(value: Any, path: Path, checker: Checker) -> tuple[Wire, ...]:
    """Return the wires of a `from:`: a reference, a list, or a mapping of port to reference or list.

    An item of a list may also be a mapping of one port, for wires whose ports alternate.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return _wire(value, path, None, checker)
    if is_map(value):
        return _ports(value, path, checker)
    if is_list(value):
        found: list[Wire] = []
        for place, item in enumerate(value):
            there = (*path, place)
            found += _ports(item, there, checker) if is_map(item) else _wire(item, there, None, checker)
        return tuple(found)
    checker.wrong_type(path, value, "`node`, `node.port`, a list of them, or a mapping of port to node")
    return ()


def _ports(value: Mapping[str, Any], path: Path, checker: Checker) -> tuple[Wire, ...]:
    found: list[Wire] = []
    for port, item in value.items():
        there = (*path, port)
        if is_list(item):
            for place, ref in enumerate(item):
                found += _wire(ref, (*there, place), port, checker)
        elif item is not None:
            found += _wire(item, there, port, checker)
    return tuple(found)


def _wire(value: Any, path: Path, port: str | None, checker: Checker) -> tuple[Wire, ...]:
    if not isinstance(value, str):
        checker.wrong_type(path, value, "`node` or `node.port`")
        return ()
    if not is_reference(value):
        what = f"`{dotted(path)}` is {shown(value)}, not `node` or `node.port`"
        checker.report(codes.BAD_REFERENCE, path, what, "name a node, or a node and its output port")
        return ()
    node, output = split(value)
    return (Wire(node, output, port),)


def check_known(ref: str, path: Path, known: Collection[str], checker: Checker, *, key: bool = False) -> None:
    """Report a reference to a node that does not exist, with the nearest one; `key`: the reference is a mapping key."""
    node, _, _ = ref.partition(".")
    inner = node.partition("/")[0]
    if inner in known:
        return
    near = checker.near(node, known)
    fix = None
    if near:
        right = near + ref[len(node) :]
        edit = Edit("rename", path, right) if key else Edit("set", path, right)
        fix = Fix(f"Use {right}", (edit,))
    hint = f"did you mean `{near}`?" if near else f"the nodes are: {listing(known) or 'none'}"
    checker.report(codes.UNKNOWN_NODE, path, f"there is no node {shown(node)[9:]}", hint, fix)
