"""Write the catalogue of nodes as the front end's tests read it: kinds, words, ports and settings, without examples."""

from __future__ import annotations

import json
from pathlib import Path

from runnel.catalog import discover
from runnel.catalog.describe import entry, listing

GOLDEN = Path(__file__).resolve().parent.parent / "src" / "document" / "catalogue.golden.json"
KEYS = ("kind", "title", "summary", "description", "group", "icon", "synonyms", "role", "ports", "config")


def main() -> None:
    """Write the file."""
    catalog = discover()
    nodes = []
    for item in listing(catalog)["nodes"]:
        node = catalog.get(item["kind"])
        assert node is not None
        made = entry(node, full=True)
        nodes.append({key: made[key] for key in KEYS})
    GOLDEN.write_text(json.dumps(nodes, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
