"""Append tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from sqlglot import exp

from runnel.sdk import Example, Finding, Node, NodeConfig, Relation, Where, column, field
from runnel.sdk.joining import family


class Union(Node):
    """Appends the rows of tables, by column name or by position."""

    kind = "table.union"
    title = "Append tables"
    summary = "Stack the rows of several tables"
    group = "tables"
    icon = "layers"
    synonyms = ("union", "concat", "append", "stack", "merge rows", "combine")

    class Config(NodeConfig):
        """Settings of the union."""

        by: Literal["name", "position"] = field("name", title="Match columns by",
                                                help="A column that one table lacks is NULL there.")  # fmt: skip
        mixed: Literal["refuse", "text"] = field("refuse", title="Columns of different kinds", advanced=True,
                                                 help="refuse reports them, text turns them into text.")  # fmt: skip

    examples = (Example("Two shops", {}, {"inputs": [{"id": 1, "a": "x"}]}, {"output": [{"id": 1, "a": "x"}]}),)

    def check(self, inputs: dict[str, Any]) -> Iterator[Finding]:
        """Report columns that are text in one table and something else in another."""
        relations: list[Relation] = inputs["inputs"]
        if self.config.by == "position":
            counts = {len(relation.columns) for relation in relations}
            if len(counts) > 1:
                what = f"the tables have {' and '.join(map(str, sorted(counts)))} columns"
                yield Finding("RNL-UNION-001", "error", what, "Match by name, or choose columns first.",
                              Where(field="by"))  # fmt: skip
                return
        for name, types in _column_types(relations, self.config.by).items() if self.config.mixed == "refuse" else ():
            families = {family(type) for type in types}
            if len(families) > 1:
                what = f"`{name}` is {' in one table and '.join(dict.fromkeys(types))} in another"
                yield Finding("RNL-TYPE-011", "error", what, "Put a table.cast before the union.", Where(field="from"))

    def relate(self, inputs: list[Relation]) -> Relation:
        """Append; names are matched whatever their letter case."""
        if self.config.mixed == "text":
            inputs = _as_text(inputs, self.config.by)
        if self.config.by == "position":
            first = inputs[0]
            return first.union_all(
                [
                    other.select(
                        {name: column(theirs) for name, theirs in zip(first.columns, other.columns, strict=True)}
                    )
                    for other in inputs[1:]
                ]
            )
        names: dict[str, str] = {}
        for relation in inputs:
            for name in relation.columns:
                names.setdefault(name.lower(), name)
        shaped = [_shaped(relation, names) for relation in inputs]
        return shaped[0].union_all(shaped[1:])


def _as_text(relations: list[Relation], by: str) -> list[Relation]:
    """Cast the columns whose types are of different kinds to text."""
    found = _column_types(relations, by)
    mixed = {name for name, types in found.items() if len({family(type) for type in types}) > 1}
    made: list[Relation] = []
    for relation in relations:
        keys = [
            name.lower() if by == "name" else relations[0].columns[index] for index, name in enumerate(relation.columns)
        ]
        trees: dict[str, exp.Expr] = {
            name: exp.cast(column(name), "VARCHAR") if key in mixed else column(name)
            for name, key in zip(relation.columns, keys, strict=True)
        }
        made.append(relation.select(trees))
    return made


def _shaped(relation: Relation, names: dict[str, str]) -> Relation:
    mine = {name.lower(): name for name in relation.columns}
    return relation.select({shown: column(mine[key]) if key in mine else exp.null() for key, shown in names.items()})


def _column_types(relations: list[Relation], by: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for relation in relations:
        for index, name in enumerate(relation.columns):
            key = name.lower() if by == "name" else relations[0].columns[index]
            if relation.types.get(name) not in (None, '"NULL"'):
                found.setdefault(key, []).append(relation.types[name])
    return found
