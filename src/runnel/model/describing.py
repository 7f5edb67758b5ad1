"""One line of plain words about a node, made from its kind and config, and a readable title from its id."""

from __future__ import annotations

from typing import Any

from runnel.model.document import NodeDoc
from runnel.model.places import cut
from runnel.model.shapes import is_list, is_map

_CATEGORIES = {
    "source": "source",
    "sink": "output",
    "chart": "output",
    "report": "output",
    "dashboard": "output",
    "ml": "ml",
    "model": "ml",
    "trigger": "control",
    "control": "control",
    "pipeline": "control",
}
_COMBINING = frozenset({"join", "union", "lookup", "compare", "merge"})


def title(node: NodeDoc) -> str:
    """Return the node's title, or its id in words: `orders_by_country` gives `Orders by country`."""
    if node.title:
        return node.title
    words = node.id.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:] or node.id


def category(kind: str) -> str:
    """Return the category that colours a node: source, transform, combine, ml, output or control."""
    family, _, name = kind.partition(".")
    if family in _CATEGORIES:
        return _CATEGORIES[family]
    return "combine" if name in _COMBINING else "transform"


def summary(node: NodeDoc) -> str:
    """Return what the node does in one line, from the fields that say most."""
    config = node.config
    for fields in (("where",), ("path", "format"), ("how", "on"), ("group_by", "values")):
        if fields[0] in config:
            return " · ".join(filter(None, (_field(field, config.get(field)) for field in fields)))
    if "name" in config:
        parts = [f"{node.kind.partition('.')[2] or 'dataset'} {_words(config['name'])}", _words(config.get("mode"))]
        return " · ".join(filter(None, parts))
    if "x" in config and "y" in config:
        return f"{_words(config['y'])} by {_words(config['x'])}"
    return " · ".join(filter(None, (_field(field, value) for field, value in list(config.items())[:2]))) or node.kind


def _field(field: str, value: Any) -> str:
    if value is None:
        return ""
    if field == "path" and isinstance(value, str):
        return value.rpartition("/")[2] or value
    if field == "on":
        return f"on {_words(value)}"
    if field in {"group_by", "by"}:
        return f"by {_words(value)}" if value else ""
    if field == "values" and is_map(value):
        return ", ".join(_words(item) for item in value.values())
    if isinstance(value, (bool, int, float)):
        return f"{field.replace('_', ' ')} {_words(value)}"
    return _words(value)


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if is_map(value):
        return ", ".join(list(value)[:6])
    if is_list(value):
        return ", ".join(_words(item) for item in value[:6])
    return cut(" ".join(str(value).split()), 120)
