"""Turn nested values into columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlglot import exp

from runnel.nodes.templates import fill, types_of
from runnel.sdk import (
    Columns,
    Example,
    Finding,
    Ledger,
    Node,
    NodeConfig,
    Relation,
    Unsupported,
    Where,
    call,
    column,
    field,
)

MOST_COLUMNS = 1000
_JSON_TYPES = {"VARCHAR": "VARCHAR", "UBIGINT": "BIGINT", "BIGINT": "BIGINT", "DOUBLE": "DOUBLE", "BOOLEAN": "BOOLEAN",
               "HUGEINT": "DECIMAL(38,0)", "NULL": "VARCHAR"}  # fmt: skip


class Flatten(Node):
    """Makes one column per field of struct columns, and of the fields inside them, down to `depth`.

    JSON columns are looked at first: the fields that occur become columns, in the order in which they are found. Lists
    stay lists. A column stands where its struct stood and is called by the path.
    """

    kind = "table.flatten"
    title = "Flatten nested values"
    summary = "Turn the fields of structs and JSON into columns"
    group = "tables"
    icon = "layers-2"
    synonyms = (
        "unnest struct",
        "nested json",
        "json normalize",
        "expand",
        "unpack",
        "dot notation",
        "object to columns",
    )
    ledger = Ledger.ABSORBED
    probed = True
    dialects = {"postgres": Unsupported("structs inside tables are not part of what is proven there")}

    class Config(NodeConfig):
        """Settings of the flattening."""

        columns: Columns | None = field(
            None, title="Columns", help="All struct and JSON columns without it.", widget="columns"
        )
        separator: str = field("_", title="Separator", help="Stands between the names of a path.")
        depth: int = field(16, title="Depth", help="How far down.", unit="levels", ge=1, le=64)
        prefix: bool = field(True, title="Names with path", help="Or the names of the fields alone.")

    examples = (
        Example(
            "Addresses",
            {},
            {"input": [{"id": 1, "a": {"city": "Bonn", "geo": {"lat": 50.7}}}, {"id": 2, "a": None}]},
            {"output": [{"id": 1, "a_city": "Bonn", "a_geo_lat": 50.7}, {"id": 2, "a_city": None, "a_geo_lat": None}]},
        ),
        Example(
            "One level, other separator",
            {"depth": 1, "separator": "."},
            {"input": [{"a": {"b": {"c": 1}, "d": 2}}]},
            {"output": [{"a.b": {"c": 1}, "a.d": 2}]},
        ),
        Example(
            "JSON text",
            {"columns": ["j"]},
            {
                "input": [
                    {"j": '{"a": 1, "b": {"c": "x"}}'},
                    {"j": '{"a": 2, "l": [1, 2]}'},
                    {"j": None},
                    {"j": "no json"},
                ]
            },
            {
                "output": [
                    {"j_a": 1, "j_b_c": "x", "j_l": None},
                    {"j_a": 2, "j_b_c": None, "j_l": "[1,2]"},
                    {"j_a": None, "j_b_c": None, "j_l": None},
                    {"j_a": None, "j_b_c": None, "j_l": None},
                ]
            },
            types={"input": {"j": "VARCHAR"}},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the columns."""
        return ", ".join(config.columns) if config.columns else "all nested columns"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report named columns that hold nothing nested."""
        for name in self.bound.get("columns") or ():
            type = inputs["input"].types.get(name, "")
            if not (type.startswith("STRUCT") or type in ("JSON", "VARCHAR", "")):
                yield Finding("RNL-TYPE-003", "error", f"`{name}` is {type}, which holds no fields",
                              "For a list take table.explode.", Where(field="columns"))  # fmt: skip

    def _nested(self, input: Relation) -> list[str]:
        named = self.bound.get("columns")
        if named is not None:
            return list(named)
        return [
            name
            for name in input.columns
            if input.types.get(name, "").startswith("STRUCT") or input.types.get(name) == "JSON"
        ]

    def _documents(self, input: Relation) -> list[str]:
        return [name for name in self._nested(input) if input.types.get(name) in ("JSON", "VARCHAR")]

    def probe_query(self, input: Relation) -> Relation | None:
        """Ask for the structure of the JSON columns."""
        names = self._documents(input)
        if not names:
            return None
        structure = (
            "CAST(json_group_structure(CASE WHEN json_valid(CAST(:x AS VARCHAR)) THEN CAST(:x AS JSON) END) AS VARCHAR)"
        )
        return input.aggregate({}, {f"s{index}": fill(structure, x=column(name)) for index, name in enumerate(names)})

    def relate(self, input: Relation) -> Relation:
        """Reach into each nested column."""
        nested, documents = set(self._nested(input)), self._documents(input)
        made: dict[str, exp.Expr] = {}
        for name in input.columns:
            if name not in nested:
                found: dict[tuple[str, ...], exp.Expr] = {(name,): column(name)}
            elif name in documents:
                found = self._from_json(name, documents.index(name))
            else:
                found = dict(_fields((name,), column(name), types_of(input.types[name]), self.config.depth))
            for path, tree in found.items():
                made[self._name(path, made)] = tree
        return input.select(dict(list(made.items())[:MOST_COLUMNS]))

    def _name(self, path: tuple[str, ...], made: Mapping[str, Any]) -> str:
        name = self.config.separator.join(path) if self.config.prefix or len(path) == 1 else path[-1]
        taken = {other.lower() for other in made}
        while name.lower() in taken:
            name += "_"
        return name

    def _from_json(self, name: str, index: int) -> dict[tuple[str, ...], exp.Expr]:
        if self.seen is None:
            return {(name,): column(name)}
        structure = json.loads(str(self.seen[0][f"s{index}"] or "null")) if self.seen else None
        if not isinstance(structure, dict) or not structure:
            return {(name,): column(name)}
        document = fill("CASE WHEN json_valid(CAST(:x AS VARCHAR)) THEN CAST(:x AS JSON) END", x=column(name))
        return {
            (name, *path): _json_value(document, path, type) for path, type in _leaves((), structure, self.config.depth)
        }


def _fields(
    path: tuple[str, ...], tree: exp.Expr, type: exp.DataType, depth: int
) -> Iterator[tuple[tuple[str, ...], exp.Expr]]:
    """Yield path and value of every field of a struct type."""
    if depth == 0 or type.this is not exp.DataType.Type.STRUCT or not type.expressions:
        yield path, tree
        return
    for part in type.expressions:
        name = part.this.name
        inner = call("STRUCT_EXTRACT", tree, name)
        yield from _fields((*path, name), inner, part.kind or part.args["kind"], depth - 1)


def _leaves(path: tuple[str, ...], structure: Any, depth: int) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield path and type of every value in a JSON structure as the engine describes it."""
    if isinstance(structure, dict) and structure and depth > 0:
        for name, part in structure.items():
            yield from _leaves((*path, name), part, depth - 1)
    else:
        yield path, _JSON_TYPES.get(structure, "JSON") if isinstance(structure, str) else "JSON"


def _json_value(document: exp.Expr, path: tuple[str, ...], type: str) -> exp.Expr:
    steps = "$" + "".join('."' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in path)
    if type == "JSON":
        return fill("json_extract(:x, :path)", x=document, path=steps)
    text = fill("json_extract_string(:x, :path)", x=document, path=steps)
    return text if type == "VARCHAR" else exp.TryCast(this=text, to=types_of(type))
