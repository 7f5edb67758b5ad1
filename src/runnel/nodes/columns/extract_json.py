"""Take values out of JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from sqlglot import exp

from runnel.nodes.columns.extracting import extracted_order, type_findings
from runnel.nodes.columns.split import taken
from runnel.nodes.refusing import Attempt, attempted
from runnel.nodes.templates import fill, types_of
from runnel.sdk import Column, Example, Finding, GuardedConfig, Node, Relation, Unsupported, Where, call, column, field
from runnel.sdk.joining import family
from runnel.sdk.types import normal_type

_STEP = re.compile(r'\.?([^.\[\]"]+)|\["((?:[^"\\]|\\.)*)"\]|\[(-?\d+)\]')


def json_steps(written: str) -> list[str | int] | None:
    """Return the names and positions (from 0, or from -1 at the end) of a path such as `items[0].price` or `$.a["b c"]`.

    None when it is no path.
    """
    rest, steps = written.removeprefix("$"), list[str | int]()
    while rest:
        found = _STEP.match(rest)
        if found is None:
            return None
        steps.append(int(found[3]) if found[3] is not None else found[1] or (found[2] or "").replace('\\"', '"'))
        rest = rest[found.end() :]
    return steps


def json_path(steps: list[str | int]) -> str:
    """Return the engine's form of a path."""
    made = "$"
    for step in steps:
        if isinstance(step, int):
            made += f"[{step}]" if step >= 0 else f"[#{step}]"
        else:
            made += '."' + step.replace('"', '\\"') + '"'
    return made


def _exactly(document: exp.Expr, steps: list[str | int], type: str) -> exp.Expr:
    """Return the number at a path, digit by digit; every other way leads a JSON number through a DOUBLE."""
    structure: object = type
    for step in reversed(steps):
        structure = [structure] if isinstance(step, int) else {step: structure}
    value = fill("TRY(from_json(:x, :structure))", x=document, structure=json.dumps(structure, ensure_ascii=False))
    for step in steps:
        if isinstance(step, int):
            value = call("LIST_EXTRACT", value, step + 1 if step >= 0 else step)
        else:
            value = call("STRUCT_EXTRACT", value, step)
    return value


class ExtractJson(Node):
    """Makes columns of values inside a JSON column, each with a type.

    What is not there, and JSON null, is NULL. Text that is no JSON, and a value that does not fit its type, are
    refused, become NULL, or stop the run. Without a type the value is text: strings without their quotes, others
    as JSON.
    """

    kind = "table.extract_json"
    title = "Extract from JSON"
    summary = "Make typed columns from values inside a JSON column"
    group = "columns"
    icon = "braces"
    synonyms = ("json path", "jsonpath", "parse json", "nested", "json to columns", "unpack", "get field")

    dialects = {"postgres": Unsupported("JSON values are written as text in another way there")}

    class Config(GuardedConfig):
        """Settings of the extraction."""

        column: Column = field(title="Column", help="The column that holds JSON (or structs).", widget="column")
        paths: dict[str, str] = field(
            title="Paths",
            widget="mapping",
            min_length=1,
            help="New column: path, e.g. `city: address.city` or `first: items[0].name`.",
        )
        types: dict[str, str] = field(default_factory=dict, title="Types", help="New column: type; text without.",
                                      widget="types")  # fmt: skip
        keep: bool = field(False, title="Keep the column", help="Or leave it out.")

    examples = (
        Example(
            "Typed values",
            {"column": "j", "paths": {"city": "address.city", "n": "items[0].n"}, "types": {"n": "BIGINT"}},
            {
                "input": [
                    {"id": 1, "j": '{"address": {"city": "Bonn"}, "items": [{"n": 5}]}'},
                    {"id": 2, "j": "{}"},
                    {"id": 3, "j": '{"items": [{"n": "x"}]}'},
                    {"id": 4, "j": "{"},
                    {"id": 5, "j": None},
                ]
            },
            {
                "output": [
                    {"id": 1, "city": "Bonn", "n": 5},
                    {"id": 2, "city": None, "n": None},
                    {"id": 5, "city": None, "n": None},
                ],
                "rejected": [
                    {"id": 3, "_reason": "j: n is 'x', which is no BIGINT"},
                    {"id": 4, "_reason": "j: this is no JSON"},
                ],
            },
            types={"input": {"id": "BIGINT", "j": "VARCHAR"}},
        ),
        Example(
            "Names with points, the last element",
            {"column": "j", "paths": {"v": '["a.b"]', "last": "l[-1]"}},
            {"input": [{"j": '{"a.b": 1, "l": [1, 2]}'}]},
            {"output": [{"v": "1", "last": "2"}]},
            types={"input": {"j": "VARCHAR"}},
        ),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the new columns."""
        return f"{', '.join(config.paths)} from {config.column}"

    def check(self, inputs: dict[str, Relation]) -> Iterator[Finding]:
        """Report paths and types that do not exist, names that are taken, and columns that hold no JSON."""
        relation, own = inputs["input"], self.bound["column"]
        for name, path in self.config.paths.items():
            if json_steps(path) is None:
                yield Finding("RNL-CONFIG-009", "error", f"`{path}` is no path", 'Write e.g. `a.b[0]` or `a["b c"]`.',
                              Where(field=f"paths.{name}"))  # fmt: skip
        yield from type_findings(self.config.paths, self.config.types)
        kind = relation.types.get(own, "VARCHAR")
        if family(kind) in ("number", "boolean", "time"):
            yield Finding("RNL-TYPE-003", "error", f"`{own}` is {kind}, which holds no JSON", "Choose another column.",
                          Where(field="column"))  # fmt: skip
        yield from taken(relation, list(self.config.paths), [] if self.config.keep else [own], "paths")

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Read each path."""
        own = self.bound["column"]
        is_text = input.types.get(own) == "VARCHAR"
        document = column(own) if input.types.get(own) in ("VARCHAR", "JSON") else call("TO_JSON", column(own))
        valid = fill("coalesce(json_valid(:x), FALSE)", x=document) if is_text else exp.true()
        readable = exp.Case().when(valid, document) if is_text else document
        attempts = [self._attempt(own, name, readable, valid) for name in self.config.paths]
        order = extracted_order(input, list(self.config.paths), own, self.config.keep)
        return dict(attempted(input, attempts, self.config.on_error, order))

    def _attempt(self, own: str, name: str, document: exp.Expr, valid: exp.Expr) -> Attempt:
        type = normal_type(self.config.types.get(name, "VARCHAR")) or "VARCHAR"
        steps = json_steps(self.config.paths[name]) or []
        path = json_path(steps)
        found = fill("json_extract_string(:x, :path)", x=document, path=path)
        if type == "JSON" or "(" in type.replace("DECIMAL(", "") or type.endswith("]"):
            found = fill("json_extract(:x, :path)", x=document, path=path)
        value = found if type == "VARCHAR" else exp.TryCast(this=found.copy(), to=types_of(type))
        if type.startswith("DECIMAL"):
            long = fill("length(:found) > 15", found=found)
            value = exp.Case().when(long, _exactly(document, steps, type)).else_(value)
        there = column(own).is_(exp.null()).not_()
        unread = exp.and_(there, exp.Paren(this=valid.copy()).not_())
        lost = exp.and_(found.is_(exp.null()).not_(), column(f"__made_{name}").is_(exp.null()))
        said = call(
            "CONCAT", f"{own}: {name} is '", call("LEFT", exp.cast(found, "VARCHAR"), 80), f"', which is no {type}"
        )
        first = name == next(iter(self.config.paths))
        reason = exp.Case().when(unread, exp.Literal.string(f"{own}: this is no JSON")).else_(said)
        return Attempt(name, value, exp.or_(unread, lost) if first else lost, reason if first else said)
