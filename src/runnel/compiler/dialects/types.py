"""DuckDB type names: reading, normalising, and the families that the strict rules speak about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Family = Literal[
    "text",
    "integer",
    "decimal",
    "double",
    "boolean",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
    "json",
    "uuid",
    "binary",
    "enum",
    "list",
    "struct",
    "map",
    "null",
    "unknown",
]

_SPELLINGS: dict[str, str] = {
    "INT1": "TINYINT",
    "INT2": "SMALLINT",
    "SHORT": "SMALLINT",
    "INT": "INTEGER",
    "INT4": "INTEGER",
    "SIGNED": "INTEGER",
    "INT8": "BIGINT",
    "LONG": "BIGINT",
    "INT16": "HUGEINT",
    "INT128": "HUGEINT",
    "UINT8": "UTINYINT",
    "UINT16": "USMALLINT",
    "UINT32": "UINTEGER",
    "UINT64": "UBIGINT",
    "UINT128": "UHUGEINT",
    "FLOAT4": "FLOAT",
    "REAL": "FLOAT",
    "FLOAT8": "DOUBLE",
    "DOUBLE PRECISION": "DOUBLE",
    "NUMERIC": "DECIMAL",
    "DEC": "DECIMAL",
    "BOOL": "BOOLEAN",
    "LOGICAL": "BOOLEAN",
    "TEXT": "VARCHAR",
    "STRING": "VARCHAR",
    "CHAR": "VARCHAR",
    "BPCHAR": "VARCHAR",
    "NVARCHAR": "VARCHAR",
    "BYTEA": "BLOB",
    "BINARY": "BLOB",
    "VARBINARY": "BLOB",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP_US": "TIMESTAMP",
    "TIMESTAMP WITHOUT TIME ZONE": "TIMESTAMP",
    "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE",
    "TIME WITHOUT TIME ZONE": "TIME",
    "TIMETZ": "TIME WITH TIME ZONE",
}

_FAMILIES: dict[str, Family] = {
    "VARCHAR": "text",
    "FLOAT": "double",
    "DOUBLE": "double",
    "DECIMAL": "decimal",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIME": "time",
    "TIME WITH TIME ZONE": "time",
    "TIME_NS": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "INTERVAL": "interval",
    "JSON": "json",
    "UUID": "uuid",
    "BLOB": "binary",
    "BIT": "binary",
    "ENUM": "enum",
    "STRUCT": "struct",
    "MAP": "map",
    "NULL": "null",
    '"NULL"': "null",
}

_INTEGER_DIGITS: dict[str, int] = {
    "TINYINT": 3,
    "UTINYINT": 3,
    "SMALLINT": 5,
    "USMALLINT": 5,
    "INTEGER": 10,
    "UINTEGER": 10,
    "BIGINT": 19,
    "UBIGINT": 20,
    "HUGEINT": 39,
    "UHUGEINT": 39,
}

NUMBERS: frozenset[str] = frozenset({"integer", "decimal", "double"})
DATELIKE: frozenset[str] = frozenset({"date", "timestamp", "timestamptz"})


class TypeNameError(ValueError):
    """A text that names no DuckDB type."""


@dataclass(frozen=True)
class DuckType:
    """A read type: base name in capitals, numeric parameters, nested types by position or field name."""

    name: str
    params: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    children: tuple[DuckType, ...] = ()

    def __str__(self) -> str:
        if self.name == "LIST":
            size = str(self.params[0]) if self.params else ""
            return f"{self.children[0]}[{size}]"
        if self.name == "STRUCT":
            pairs = zip(self.labels, self.children, strict=True)
            return "STRUCT(" + ", ".join(f"{quote_field(label)} {child}" for label, child in pairs) + ")"
        if self.name == "MAP":
            return f"MAP({self.children[0]}, {self.children[1]})"
        if self.name == "ENUM":
            return "ENUM(" + ", ".join("'" + label.replace("'", "''") + "'" for label in self.labels) + ")"
        if self.params:
            return f"{self.name}({','.join(map(str, self.params))})"
        return self.name


def quote_field(name: str) -> str:
    """Return a struct field's name, quoted where DuckDB would quote it."""
    plain = name.isascii() and name.isidentifier() and name == name.lower()
    return name if plain else '"' + name.replace('"', '""') + '"'


class _Reader:
    """A recursive-descent reader of one type name."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def blank(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def take(self, sign: str) -> bool:
        self.blank()
        if self.text[self.at : self.at + 1] == sign:
            self.at += 1
            return True
        return False

    def need(self, sign: str) -> None:
        if not self.take(sign):
            raise TypeNameError(f"expected {sign!r} at position {self.at + 1} of type {self.text!r}")

    def quoted(self, mark: str) -> str:
        end = self.at
        out: list[str] = []
        while True:
            close = self.text.find(mark, end)
            if close < 0:
                raise TypeNameError(f"missing {mark} in type {self.text!r}")
            out.append(self.text[end:close])
            if self.text[close + 1 : close + 2] != mark:
                self.at = close + 1
                return mark.join(out)
            end = close + 2

    def word(self) -> str:
        self.blank()
        if self.take('"'):
            return self.quoted('"')
        start = self.at
        while self.at < len(self.text) and (self.text[self.at].isalnum() or self.text[self.at] in "_"):
            self.at += 1
        return self.text[start : self.at]

    def number(self) -> int:
        digits = self.word()
        if not digits.isascii() or not digits.isdigit() or len(digits) > 5:
            raise TypeNameError(f"expected a number at position {self.at + 1} of type {self.text!r}")
        return int(digits)

    def type(self, depth: int = 0) -> DuckType:
        if depth > 40:
            raise TypeNameError("type nested deeper than 40 levels")
        found = self.single(depth)
        while self.take("["):
            size = () if self.take("]") else (self.number(),)
            if size:
                self.need("]")
            found = DuckType("LIST", size, (), (found,))
        return found

    def single(self, depth: int) -> DuckType:
        self.blank()
        if self.text[self.at : self.at + 6].upper() == '"NULL"':
            self.at += 6
            return DuckType("NULL")
        name = self.words()
        name = _SPELLINGS.get(name, name)
        if name in ("STRUCT", "ROW"):
            return self.struct(depth)
        if name == "MAP":
            self.need("(")
            key = self.type(depth + 1)
            self.need(",")
            value = self.type(depth + 1)
            self.need(")")
            return DuckType("MAP", (), (), (key, value))
        if name == "ENUM":
            return DuckType("ENUM", (), self.members())
        return DuckType(name, self.numbers(name))

    def words(self) -> str:
        name = self.word().upper()
        for tail in ("WITH TIME ZONE", "WITHOUT TIME ZONE", "PRECISION"):
            before = self.at
            if all(self.word().upper() == part for part in tail.split()):
                return f"{name} {tail}"
            self.at = before
        return name

    def numbers(self, name: str) -> tuple[int, ...]:
        if not self.take("("):
            return (18, 3) if name == "DECIMAL" else ()
        found = [self.number()]
        while self.take(","):
            found.append(self.number())
        self.need(")")
        if name == "DECIMAL":
            width, scale = (*found, 0)[:2]
            if not 1 <= width <= 38 or scale > width:
                raise TypeNameError(f"DECIMAL({width},{scale}) needs 1 to 38 digits and a scale within them")
            return (width, scale)
        return ()

    def struct(self, depth: int) -> DuckType:
        self.need("(")
        labels: list[str] = []
        children: list[DuckType] = []
        while True:
            labels.append(self.word())
            children.append(self.type(depth + 1))
            if not self.take(","):
                break
        self.need(")")
        if "" in labels:
            raise TypeNameError(f"a field of {self.text!r} has no name")
        return DuckType("STRUCT", (), tuple(labels), tuple(children))

    def members(self) -> tuple[str, ...]:
        self.need("(")
        found: list[str] = []
        while True:
            self.need("'")
            found.append(self.quoted("'"))
            if not self.take(","):
                break
        self.need(")")
        return tuple(found)


@lru_cache(maxsize=4096)
def read_type(text: str) -> DuckType:
    """Read a DuckDB type name in any spelling; raises `TypeNameError` for what DuckDB does not have."""
    reader = _Reader(text.strip())
    found = reader.type()
    reader.blank()
    if reader.at != len(reader.text):
        raise TypeNameError(f"unexpected {reader.text[reader.at :]!r} in type {text!r}")
    _known(found, text)
    return found


def _known(found: DuckType, text: str) -> None:
    if found.name not in _FAMILIES and found.name not in _INTEGER_DIGITS and found.name != "LIST":
        raise TypeNameError(f"unknown type {found.name or text!r}")
    for child in found.children:
        _known(child, text)


@lru_cache(maxsize=4096)
def family(type_name: str | None) -> Family:
    """Return the family of a DuckDB type name; `unknown` for what cannot be read."""
    if not type_name:
        return "unknown"
    try:
        found = read_type(type_name)
    except TypeNameError:
        return "unknown"
    return family_of(found)


def family_of(found: DuckType) -> Family:
    """Return the family of a read type."""
    if found.name == "LIST":
        return "list"
    if found.name in _INTEGER_DIGITS:
        return "integer"
    return _FAMILIES[found.name]


def is_number(type_name: str | None) -> bool:
    """Tell whether a type is an integer, a decimal or a floating-point type."""
    return family(type_name) in NUMBERS


def integer_digits(type_name: str) -> int:
    """Return how many decimal digits an integer type can need (BIGINT: 19)."""
    return _INTEGER_DIGITS[read_type(type_name).name]


def element_type(type_name: str) -> str:
    """Return the type of a list's elements, `NULL` when it is no list."""
    found = read_type(type_name)
    return str(found.children[0]) if found.name == "LIST" else "NULL"


def struct_fields(type_name: str) -> dict[str, str]:
    """Return the fields of a struct type, in order; empty when it is no struct."""
    found = read_type(type_name)
    if found.name != "STRUCT":
        return {}
    return {label: str(child) for label, child in zip(found.labels, found.children, strict=True)}
