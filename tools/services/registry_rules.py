"""What the schema registry for tests keeps and refuses: subjects with versions, ids, and compatibility between schemas."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import fastavro

from tools.services.avro_resolution import can_read

LEVELS = ("NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE")


class Refused(Exception):  # noqa: N818 (an answer of the protocol, no fault)
    """A request that is answered with an error: HTTP status, the registry's own code, and a sentence."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True)
class Version:
    """One version of a subject."""

    subject: str
    version: int
    id: int
    kind: str
    schema: str

    def to_json(self) -> dict[str, Any]:
        """Return the answer's form; the type is left out for Avro, as the protocol has it."""
        kind = {} if self.kind == "AVRO" else {"schemaType": self.kind}
        return {"subject": self.subject, "version": self.version, "id": self.id, "schema": self.schema} | kind


class Registry:
    """Everything that is registered, in memory."""

    def __init__(self) -> None:
        self.subjects: dict[str, list[Version]] = {}
        self._given: dict[str, int] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._levels = {"": "BACKWARD"}

    def config(self, subject: str, level: str | None) -> dict[str, str]:
        """Return the level of compatibility, or set it."""
        if level is None:
            return {"compatibilityLevel": self._levels.get(subject, self._levels[""])}
        if level not in LEVELS:
            raise Refused(422, 42203, f"Invalid compatibility level: {level}")
        self._levels[subject] = level
        return {"compatibility": level}

    def by_id(self, number: str) -> dict[str, Any]:
        """Return a schema by its id."""
        for (kind, schema), known in self._ids.items():
            if str(known) == number:
                return {"schema": schema} | ({} if kind == "AVRO" else {"schemaType": kind})
        raise Refused(404, 40403, f"Schema {number} not found")

    def versions_of(self, number: str) -> list[dict[str, Any]]:
        """Return the subjects and versions that have an id."""
        self.by_id(number)
        found = (one for versions in self.subjects.values() for one in versions if str(one.id) == number)
        return [{"subject": one.subject, "version": one.version} for one in found]

    def versions(self, subject: str) -> list[Version]:
        """Return a subject's versions, oldest first."""
        found = self.subjects.get(subject)
        if not found:
            raise Refused(404, 40401, f"Subject '{subject}' not found.")
        return found

    def version(self, subject: str, version: str) -> Version:
        """Return one version by its number or `latest`."""
        found = self.versions(subject)
        if version in ("latest", "-1"):
            return found[-1]
        for one in found:
            if str(one.version) == version:
                return one
        raise Refused(404, 40402, f"Version {version} not found.")

    def look_up(self, subject: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return the version that has a schema."""
        kind, schema = _read(body)
        for one in self.versions(subject):
            if (one.kind, one.schema) == (kind, schema):
                return one.to_json()
        raise Refused(404, 40403, "Schema not found")

    def register(self, subject: str, body: dict[str, Any]) -> int:
        """Add a version where the schema is new and compatible; returns its id."""
        kind, schema = _read(body)
        versions = self.subjects.setdefault(subject, [])
        for one in versions:
            if (one.kind, one.schema) == (kind, schema):
                return one.id
        if versions and not self._fits(subject, kind, schema, versions):
            level = self._levels.get(subject, self._levels[""])
            raise Refused(409, 409, f"Schema being registered is incompatible with an earlier schema ({level})")
        number = self._ids.setdefault((kind, schema), len(self._ids) + 1)
        self._given[subject] = self._given.get(subject, 0) + 1  # a deleted version's number is not given again
        versions.append(Version(subject, self._given[subject], number, kind, schema))
        return number

    def fits(self, subject: str, body: dict[str, Any], version: str) -> bool:
        """Tell whether a schema is compatible with one version of a subject."""
        return self._fits(subject, *_read(body), [self.version(subject, version)])

    def delete(self, subject: str, version: str | None = None) -> Any:
        """Delete a subject or a version; its ids stay readable. Returns the numbers that went."""
        gone = [self.version(subject, version)] if version else list(self.versions(subject))
        self.subjects[subject] = [one for one in self.subjects[subject] if one not in gone]
        return gone[0].version if version else [one.version for one in gone]

    def _fits(self, subject: str, kind: str, schema: str, versions: list[Version]) -> bool:
        level = self._levels.get(subject, self._levels[""])
        if level == "NONE":
            return True
        reads: Callable[[Any, Any], bool] = can_read if kind == "AVRO" else json_schema_reads
        new = json.loads(schema)
        for one in versions if level.endswith("_TRANSITIVE") else versions[-1:]:
            old = json.loads(one.schema)
            backward = level.startswith("FORWARD") or reads(new, old)
            forward = level.startswith("BACKWARD") or reads(old, new)
            if one.kind != kind or not (backward and forward):
                return False
        return True


def _read(body: dict[str, Any]) -> tuple[str, str]:
    """Return the kind and the canonical text of the schema in a request."""
    kind = str(body.get("schemaType") or "AVRO")
    try:
        schema = json.loads(body["schema"])
        if kind == "AVRO":
            fastavro.parse_schema(schema, _write_hint=False)
        elif kind != "JSON" or not isinstance(schema, dict | bool):
            raise ValueError(f"schemas of type {kind} are not kept here")
    except (KeyError, TypeError, ValueError, fastavro.schema.SchemaParseException) as error:
        raise Refused(422, 42201, f"Invalid schema: {error}") from None
    return kind, json.dumps(schema, separators=(",", ":"))


def json_schema_reads(reader: Any, writer: Any) -> bool:
    """Tell whether objects that fit the writer's JSON Schema fit the reader's, by types and required members alone."""
    if not isinstance(reader, dict) or not isinstance(writer, dict):
        return reader is True or reader == writer
    types, written = _types(reader), _types(writer)
    if types and not (written and written <= types | ({"integer"} if "number" in types else set())):
        return False
    if not set(reader.get("required", [])) <= set(writer.get("required", [])):
        return False
    members, before = reader.get("properties", {}), writer.get("properties", {})
    if reader.get("additionalProperties") is False and not set(before) <= set(members):
        return False
    return all(json_schema_reads(one, before[name]) for name, one in members.items() if name in before)


def _types(schema: dict[str, Any]) -> set[str]:
    named = schema.get("type", [])
    return {named} if isinstance(named, str) else set(named)
