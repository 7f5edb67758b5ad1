"""Whether data written with one Avro schema can be read with another: the rules of Avro's chapter on schema resolution."""

from __future__ import annotations

from typing import Any

_PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}
_NAMED = ("record", "enum", "fixed", "error")


def can_read(reader: Any, writer: Any) -> bool:
    """Tell whether `reader` (a parsed JSON schema) resolves everything that `writer` writes."""
    return _Resolution(_names(reader, "", {}), _names(writer, "", {})).reads(reader, writer, set())


def _names(schema: Any, space: str, found: dict[str, Any]) -> dict[str, Any]:
    """Collect the named types of a schema: by full name, and by short name as far as that one is free."""
    if isinstance(schema, list):
        for one in schema:
            _names(one, space, found)
    elif isinstance(schema, dict):
        kind = schema.get("type")
        if kind in _NAMED:
            space = schema.get("namespace", schema["name"].rpartition(".")[0] or space)
            short = schema["name"].rpartition(".")[2]
            found[f"{space}.{short}" if space else short] = schema
            found.setdefault(short, schema)
            for field in schema.get("fields", ()):
                _names(field["type"], space, found)
        for part in ("items", "values", "type"):
            if part in schema and not isinstance(schema[part], str):
                _names(schema[part], space, found)
    return found


class _Resolution:
    """The named types of both sides, and the walk over them."""

    def __init__(self, reader_names: dict[str, Any], writer_names: dict[str, Any]) -> None:
        self._reader_names, self._writer_names = reader_names, writer_names

    def reads(self, reader: Any, writer: Any, seen: set[tuple[int, int]]) -> bool:
        """Resolve one pair of types; a pair that is being resolved already (recursion) counts as resolved."""
        reader, writer = _plain(reader, self._reader_names), _plain(writer, self._writer_names)
        if isinstance(writer, list):
            return all(self.reads(reader, one, seen) for one in writer)
        if isinstance(reader, list):
            return any(self.reads(one, writer, seen) for one in reader)
        kind, written = _kind(reader), _kind(writer)
        if kind != written:
            return kind in _PROMOTIONS.get(written, ())
        if not isinstance(reader, dict) or kind not in (*_NAMED, "array", "map"):
            return True
        pair = (id(reader), id(writer))
        if pair in seen:
            return True
        return self._complex(kind, reader, writer, seen | {pair})

    def _complex(self, kind: str, reader: dict[str, Any], writer: dict[str, Any], seen: set[tuple[int, int]]) -> bool:
        if kind == "array":
            return self.reads(reader["items"], writer["items"], seen)
        if kind == "map":
            return self.reads(reader["values"], writer["values"], seen)
        if not _same_name(reader, writer):
            return False
        if kind == "fixed":
            return reader["size"] == writer["size"]
        if kind == "enum":
            return "default" in reader or set(writer["symbols"]) <= set(reader["symbols"])
        return self._record(reader, writer, seen)

    def _record(self, reader: dict[str, Any], writer: dict[str, Any], seen: set[tuple[int, int]]) -> bool:
        written = {field["name"]: field for field in writer["fields"]}
        for field in reader["fields"]:
            known = [name for name in (field["name"], *field.get("aliases", ())) if name in written]
            if not known and "default" not in field:
                return False
            if known and not self.reads(field["type"], written[known[0]]["type"], seen):
                return False
        return True


def _plain(schema: Any, names: dict[str, Any]) -> Any:
    while True:
        if isinstance(schema, str) and schema in names:
            schema = names[schema]
        elif isinstance(schema, dict) and schema.get("type") not in (*_NAMED, "array", "map"):
            inner = schema["type"]
            if isinstance(inner, str) and inner not in names:
                return inner
            schema = inner
        else:
            return schema


def _kind(schema: Any) -> str:
    kind = schema["type"] if isinstance(schema, dict) else schema
    return "record" if kind == "error" else str(kind)


def _same_name(reader: dict[str, Any], writer: dict[str, Any]) -> bool:
    names = {reader["name"], *reader.get("aliases", ())}
    return writer["name"].rpartition(".")[2] in {name.rpartition(".")[2] for name in names}
