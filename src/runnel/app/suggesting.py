"""The likeliest next steps after a node: whole nodes, configured from the columns that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST = 3
FEW_GROUPS = 60
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "FLOAT", "DOUBLE", "U")
IDENTIFIERS = ("id", "key", "code", "zip", "year", "no", "nr", "number", "phone")


def suggestions(kind: str, facts: Sequence[Mapping[str, Any]], rows: int) -> list[dict[str, Any]]:
    """Return up to three steps `{kind, title, config, why}` for a table whose columns were profiled."""
    groups = sorted((fact for fact in facts if _is_group(fact, rows)), key=lambda fact: fact["distinct"])
    numbers = [fact for fact in facts if _is_number(fact)]
    moments = [fact for fact in facts if str(fact["type"]).startswith(("DATE", "TIMESTAMP"))]
    made: list[dict[str, Any]] = []
    small = rows <= 200 and (groups or moments or numbers)
    if kind.startswith("table.aggregate") or small:
        made.append(_step("chart.auto", "Chart", {}, "draws the chart that fits"))
    if groups and numbers and not kind.startswith("table.aggregate"):
        group, number = groups[0]["name"], numbers[0]["name"]
        config = {"group_by": [group], "values": {f"{number}_sum": f"sum({_quoted(number)})", "rows": "count(*)"}}
        made.append(_step("table.aggregate", f"Group by {group}", config, f"adds up {number} for {groups[0]['distinct']} groups"))
    elif groups and not kind.startswith("table.aggregate"):
        config = {"group_by": [groups[0]["name"]], "values": {"rows": "count(*)"}}
        made.append(_step("table.aggregate", f"Count by {groups[0]['name']}", config, "counts the rows of each group"))
    holes = [fact for fact in facts if rows and 0 < fact["nulls"] < rows]
    if kind.startswith("source.") and holes:
        name = holes[0]["name"]
        config = {"where": f"{_quoted(name)} is not null"}
        made.append(_step("table.filter", f"Keep rows with {name}", config, f"{holes[0]['nulls']:,} rows have none"))
    elif not kind.startswith(("table.filter", "chart.")) and groups and groups[0].get("top"):
        value = groups[0]["top"][0]["value"]
        config = {"where": f"{_quoted(groups[0]['name'])} = {_literal(value)}"}
        made.append(_step("table.filter", "Keep rows", config, f"starts with the most frequent {groups[0]['name']}"))
    if not any(step["kind"].startswith("chart.") for step in made) and (moments or numbers):
        made.append(_step("chart.auto", "Chart", {}, "draws the chart that fits"))
    made.append(_step("sink.dataset", "Save as dataset", {"name": "result", "mode": "replace"}, "others can read it"))
    return made[:MOST]


def _step(kind: str, title: str, config: Mapping[str, Any], why: str) -> dict[str, Any]:
    return {"kind": kind, "title": title, "config": dict(config), "why": why}


def _is_group(fact: Mapping[str, Any], rows: int) -> bool:
    named = str(fact["type"]).startswith(("VARCHAR", "BOOLEAN"))
    return named and 1 < int(fact["distinct"]) <= FEW_GROUPS and int(fact["distinct"]) < max(2, rows * 0.6)


def _is_number(fact: Mapping[str, Any]) -> bool:
    name = str(fact["name"]).lower()
    named_as_key = any(name == word or name.endswith(("_" + word, " " + word)) for word in IDENTIFIERS)
    return str(fact["type"]).startswith(NUMBERS) and not str(fact["type"]).endswith("]") and not named_as_key


def _quoted(name: str) -> str:
    plain = name.isidentifier() and name.isascii() and name.lower() == name
    return name if plain else '"' + name.replace('"', '""') + '"'


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"
