"""Pieces of PostgreSQL text with the DuckDB type of their value, and the names of types there."""

from __future__ import annotations

from dataclasses import dataclass

from runnel.compiler.dialects.types import DuckType, Family, family, integer_digits, read_type
from runnel.compiler.dialects.unsupported import UnsupportedOperation

DIALECT = "postgres"
ZS = "\u0020\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"

_NAMES = {
    "VARCHAR": "text", "TINYINT": "smallint", "UTINYINT": "smallint", "SMALLINT": "smallint", "USMALLINT": "integer",
    "INTEGER": "integer", "UINTEGER": "bigint", "BIGINT": "bigint", "UBIGINT": "numeric", "HUGEINT": "numeric",
    "UHUGEINT": "numeric", "FLOAT": "real", "DOUBLE": "double precision", "BOOLEAN": "boolean", "DATE": "date",
    "TIMESTAMP": "timestamp", "TIMESTAMP WITH TIME ZONE": "timestamptz", "TIME": "time", "INTERVAL": "interval",
    "JSON": "jsonb", "UUID": "uuid", "BLOB": "bytea",
}  # fmt: skip


def refuse(operation: str, reason: str) -> UnsupportedOperation:
    """Return the refusal of an operation on PostgreSQL."""
    return UnsupportedOperation(operation, DIALECT, reason)


@dataclass(frozen=True)
class Typed:
    """A piece of PostgreSQL text that can stand anywhere, and its DuckDB type; `literal` is a quoted text's content."""

    sql: str
    type: str
    literal: str | None = None

    @property
    def family(self) -> Family:
        """Return the family of the type."""
        return family(self.type)

    @property
    def collated(self) -> str:
        """Return the text for comparing and sorting: texts by code point."""
        return f'({self.sql} COLLATE "C")' if self.family in ("text", "enum") else self.sql


def quoted(text: str) -> str:
    """Return a text literal; backslashes stay as they are (standard_conforming_strings)."""
    if "\x00" in text:
        raise refuse("a text literal", "PostgreSQL has no character 0")
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return a quoted name."""
    if len(name.encode()) > 63:
        raise refuse(f"the name {name[:20]}…", "PostgreSQL cuts names after 63 bytes")
    return '"' + name.replace('"', '""') + '"'


def type_name(duck: str) -> str:
    """Return PostgreSQL's name of a DuckDB type; refuses types that have no equal."""
    found = read_type(duck)
    if found.name == "DECIMAL":
        return f"numeric({found.params[0]},{found.params[1]})"
    if found.name == "LIST" and not found.params:
        return type_name(str(found.children[0])) + "[]"
    if found.name not in _NAMES:
        raise refuse(f"the type {duck}", "PostgreSQL has no such type")
    return _NAMES[found.name]


_RANK = ("TINYINT", "UTINYINT", "SMALLINT", "USMALLINT", "INTEGER", "UINTEGER", "BIGINT", "UBIGINT", "HUGEINT")


def common_type(types: list[str]) -> str:
    """Return the type that values of several types meet in; refuses kinds that do not meet."""
    known = [kind for kind in types if family(kind) not in ("null", "unknown")]
    if not known:
        return "NULL"
    families = {family(kind) for kind in known}
    if "double" in families and families <= {"double", "integer", "decimal"}:
        return "DOUBLE"
    if families == {"integer"}:
        return max((read_type(kind).name for kind in known), key=lambda name: _RANK.index(name) if name in _RANK else 9)
    if families <= {"integer", "decimal"}:
        return _common_decimal([read_type(kind) for kind in known])
    if families <= {"date", "timestamp", "timestamptz"}:
        order = {"date": 0, "timestamp": 1, "timestamptz": 2}
        return max(known, key=lambda kind: order[family(kind)])
    if len(families) == 1:
        return known[0]
    raise refuse("values of " + " and ".join(sorted(set(known))), "they meet by a conversion that is not visible")


def _common_decimal(found: list[DuckType]) -> str:
    shapes = [
        (t.params[0] - t.params[1], t.params[1]) if t.name == "DECIMAL" else (integer_digits(t.name), 0) for t in found
    ]
    scale = max(shape[1] for shape in shapes)
    return f"DECIMAL({min(38, max(shape[0] for shape in shapes) + scale)},{scale})"
