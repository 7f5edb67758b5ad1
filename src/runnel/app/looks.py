"""Windows into the rows of a port: from any row on, sorted, filtered by an expression, searched; and their counts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from runnel.app.filtering import condition
from runnel.app.previews import questions
from runnel.compiler.expressions.references import Values
from runnel.errors import AuthoringError

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.compiler.compile import Compiled

SAFE_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER")
WIDE_NUMBERS = ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "DECIMAL")


@dataclass(frozen=True)
class Look:
    """What a person wants to see of a port; `strings` asks for decimals and wide integers as text."""

    offset: int = 0
    limit: int = 200
    sort: tuple[tuple[str, bool], ...] = ()
    where: str | None = None
    search: str | None = None
    columns: tuple[str, ...] | None = None
    strings: bool = False
    values: Values = field(default_factory=Values)
    """What the condition may name besides columns; a window into a node's rows has the node's."""


@dataclass(frozen=True)
class Window:
    """The rows as the text of a JSON array of arrays, with how many there are in all and after filter and search."""

    columns: Sequence[dict[str, Any]]
    rows: bytes
    shown: int
    total: int
    matching: int


def window(project: Project, compiled: Compiled, port: tuple[str, str], look: Look) -> Window:
    """Return a window into a port's rows; the same question again is answered from memory."""
    schema = dict(compiled.typed[port[0]].schemas[port[1]])
    node = compiled.graph.nodes[port[0]]
    look = replace(look, values=Values(node.params, node.param_types))
    _check_columns(schema, look)
    plan = compiled.plan([port], whole=True)
    wanted = {name: schema[name] for name in look.columns} if look.columns else schema
    rows_of, matches = _questions(project, schema, wanted, look)
    key = hashlib.sha256(repr((plan.segments[-1].key, rows_of, matches)).encode()).hexdigest()

    def ask_all() -> tuple[str, int]:
        with questions(project, plan) as ask:
            templates = ['SELECT count(*) AS n FROM "the rows"']
            if matches is not None:
                templates.append(matches)
            if look.limit:
                templates.append(rows_of)
            answers = [text for _, text in ask.all(*templates)]
        total = orjson.loads(answers[0])[0][0]
        matching = orjson.loads(answers[1])[0][0] if matches is not None else total
        return f"{matching}\n{answers[-1] if look.limit else '[]'}", total

    text, total = project.answers.get_or_make((key, look.limit), ask_all)
    matching, _, rows = text.partition("\n")
    columns = [{"name": name, "type": type, "nullable": True} for name, type in wanted.items()]
    shown = len(orjson.loads(rows)) if look.limit else 0
    return Window(columns, rows.encode("utf-8", "surrogatepass"), shown, total, int(matching))


def _check_columns(schema: dict[str, str], look: Look) -> None:
    asked = [*(name for name, _ in look.sort), *(look.columns or ())]
    missing = next((name for name in asked if name not in schema), None)
    if missing is not None:
        hint = f"Columns: {', '.join(schema)}."
        raise AuthoringError("RNL-COLUMN-001", f"there is no column `{missing}` to look at", hint)


def _questions(project: Project, schema: dict[str, str], wanted: dict[str, str], look: Look) -> tuple[str, str | None]:
    """Return the question for the rows, and the one for how many match (None where all do)."""
    where = _where(project, schema, look)
    cells = ", ".join(_cell(name, type, look.strings) for name, type in wanted.items())
    rows = f'SELECT {cells} FROM "the rows"{where}{_order(look)} LIMIT {look.limit} OFFSET {look.offset}'
    return rows, f'SELECT count(*) FROM "the rows"{where}' if where else None


def selection(project: Project, schema: dict[str, str], look: Look) -> str:
    """Return the SELECT of all the rows and columns that a look means, over the table "the rows"."""
    _check_columns(schema, look)
    cells = ", ".join(quoted(name) for name in look.columns or schema)
    limit = f" LIMIT {look.limit}" if look.limit else ""
    return f'SELECT {cells} FROM "the rows"{_where(project, schema, look)}{_order(look)}{limit}'


def _where(project: Project, schema: dict[str, str], look: Look) -> str:
    conditions: list[str] = []
    if look.where:
        conditions.append(condition(project, look.where, schema, look.values))
    if look.search:
        text = "'%" + look.search.replace("!", "!!").replace("%", "!%").replace("_", "!_").replace("'", "''") + "%'"
        parts = " OR ".join(f"CAST({quoted(name)} AS VARCHAR) ILIKE {text} ESCAPE '!'" for name in schema)
        conditions.append(f"({parts})")
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _order(look: Look) -> str:
    terms = ", ".join(f"{quoted(name)} {'DESC' if down else 'ASC'} NULLS LAST" for name, down in look.sort)
    return f" ORDER BY {terms}" if terms else ""


def _cell(name: str, type: str, strings: bool) -> str:
    """Return a column as it is shown; numbers that JavaScript has no room for become text where that is asked."""
    if strings and type.startswith(WIDE_NUMBERS) and not type.endswith("]"):
        return f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}"
    return quoted(name)


def quoted(name: str) -> str:
    """Quote an identifier for DuckDB."""
    return '"' + name.replace('"', '""') + '"'
