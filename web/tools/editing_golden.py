"""Write the golden cases of document edits: random documents and edits with what `edit_mapping` makes of them."""

from __future__ import annotations

import hashlib
import json
import random
import sys
from pathlib import Path
from typing import Any

from runnel.errors import AuthoringError
from runnel.model import editing
from runnel.model.editing import edit_mapping, rename_node
from runnel.model.findings import Edit

HERE = Path(__file__).resolve().parent.parent
GOLDEN = HERE / "src" / "document" / "editing.golden.json"
KEYS = ["a", "b", "kind", "config", "from", "title", "nodes", "ui", "params", "runnel", "x y", ""]


def value(rnd: random.Random, depth: int = 0) -> Any:
    """Return a random JSON value."""
    choice = rnd.random()
    if depth > 2 or choice < 0.4:
        return rnd.choice([None, True, False, 0, 1, -2.5, "", "text", "ä"])
    if choice < 0.6:
        return [value(rnd, depth + 1) for _ in range(rnd.randrange(4))]
    return {rnd.choice(KEYS): value(rnd, depth + 1) for _ in range(rnd.randrange(4))}


def document(rnd: random.Random) -> dict[str, Any]:
    """Return a random document that looks like a pipeline."""
    nodes = {
        f"n{place}": {
            key: value(rnd, 1)
            for key in rnd.sample(["config", "kind", "note", "from", "title", "after", "muted"], rnd.randrange(4))
        }
        for place in range(rnd.randrange(4))
    }
    parts = {"name": "p", "runnel": 1, "nodes": nodes, "ui": {"nodes": {"n0": [0, 0]}}, "title": value(rnd, 2)}
    return {key: parts[key] for key in rnd.sample(sorted(parts), rnd.randrange(1, 6))}


def path(rnd: random.Random, data: Any) -> tuple[str | int, ...]:
    """Return a path that mostly exists."""
    found: list[str | int] = []
    while not found or rnd.random() < 0.55:
        if isinstance(data, dict) and data and rnd.random() < 0.85:
            key: str | int = rnd.choice(list(data))
            data = data[key]
        elif isinstance(data, list) and rnd.random() < 0.9:
            key = rnd.randrange(len(data) + 1)
            data = data[key] if key < len(data) else None
        else:
            key = rnd.choice([*KEYS, 0, 1])
            data = None
        found.append(key)
    return tuple(found)


def edit_case(seed: int) -> dict[str, Any]:
    """Return one case: document, edits, and the result (None when it is refused)."""
    rnd = random.Random(seed)
    before = document(rnd)
    edits: list[Edit] = []
    result: Any = before
    for _ in range(rnd.randrange(1, 4)):
        op = rnd.choice(["set", "set", "delete", "rename"])
        new = value(rnd) if op == "set" else rnd.choice(KEYS) if op == "rename" else None
        edits.append(Edit(op, path(rnd, result), new))
        try:
            result = edit_mapping(before, edits)
        except AuthoringError:
            result = None
            break
    return {"before": before, "edits": [edit.to_json() for edit in edits], "after": result}


def rename_case(seed: int) -> dict[str, Any]:
    """Return one case of a renamed node: document, names, edits."""
    rnd = random.Random(seed)
    names = ["orders", "paid", "sub", "orders_2"]
    refs = ["orders", "orders.rest", "orders/inner", "orders_2", "paid", "sub.orders"]
    nodes = {}
    for name in names:
        choice = rnd.random()
        ref: Any = rnd.choice(refs)
        if choice > 0.4:
            ref = [rnd.choice(refs) for _ in range(2)]
        if choice > 0.7:
            ref = {"left": rnd.choice(refs), "right": [rnd.choice(refs)]}
        nodes[name] = {"kind": "table.filter", "from": ref, "after": [rnd.choice(refs)]}
    before = {
        "runnel": 1,
        "nodes": nodes,
        "outputs": {"clean": rnd.choice(refs)},
        "tests": [{"name": "t", "given": {rnd.choice(refs): []}, "expect": {rnd.choice(refs): []}}],
        "ui": {"nodes": {"orders": [0, 0]}},
    }
    edits = rename_node(before, "orders", "bills")
    return {"before": before, "edits": [edit.to_json() for edit in edits]}


def main() -> None:
    """Write the file, or with `--check` tell whether it is what would be written."""
    source = Path(editing.__file__).read_bytes() + Path(__file__).read_bytes()
    golden = {
        "source": hashlib.sha256(source).hexdigest(),
        "edits": [edit_case(seed) for seed in range(600)],
        "renames": [rename_case(seed) for seed in range(40)],
    }
    text = json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n"
    if "--check" in sys.argv:
        sys.exit(0 if GOLDEN.exists() and GOLDEN.read_text(encoding="utf-8") == text else 1)
    GOLDEN.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
