"""References between nodes as a file writes them: `from:`, `after:`, tests and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from runnel.model import codes
from runnel.model.checking import Checker
from runnel.model.document import Wire
from runnel.model.findings import Edit, Fix
from runnel.model.places import Path, dotted, listing, nearest, shown


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
    if isinstance(value, Mapping):
        return _ports(value, path, checker)
    if isinstance(value, list):
        found: list[Wire] = []
        for place, item in enumerate(value):
            there = (*path, place)
            found += _ports(item, there, checker) if isinstance(item, Mapping) else _wire(item, there, None, checker)
        return tuple(found)
    checker.wrong_type(path, value, "`node`, `node.port`, a list of them, or a mapping of port to node")
    return ()


def _ports(value: Mapping[str, Any], path: Path, checker: Checker) -> tuple[Wire, ...]:
    found: list[Wire] = []
    for port, item in value.items():
        there = (*path, port)
        if isinstance(item, list):
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


def check_known(ref: str, path: Path, known: Iterable[str], checker: Checker, *, key: bool = False) -> None:
    """Report a reference to a node that does not exist, with the nearest one; `key`: the reference is a mapping key."""
    node, _, rest = ref.partition(".")
    inner = node.partition("/")[0]
    names = list(known)
    if inner in names:
        return
    near = nearest(node, names)
    fix = None
    if near:
        right = near + ref[len(node) :]
        edit = Edit("rename", path, right) if key else Edit("set", path, right)
        fix = Fix(f"Use {right}", (edit,))
    hint = f"did you mean `{near}`?" if near else f"the nodes are: {listing(names) or 'none'}"
    checker.report(codes.UNKNOWN_NODE, path, f"there is no node {shown(node)[9:]}", hint, fix)
