"""Asks a schema registry (the REST protocol of Confluent's) for schemas; what it said of an id holds for good."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from runnel.connectors.schema_registry.connection import SchemaRegistryOptions, driver_settings
from runnel.errors import ConnectorError
from runnel.sdk.egress import EgressPolicy
from runnel.sdk.http_client import HttpClient

SECONDS = 5.0
ABSENT_SECONDS = 10.0


class RegistryClient:
    """Reads schemas; ids are asked for once, those that the registry does not know again after a while."""

    def __init__(self, connection: Mapping[str, Any], egress: EgressPolicy | None = None) -> None:
        self._options = SchemaRegistryOptions.model_validate(dict(connection))
        policy = egress or EgressPolicy(confined=False)
        self._http = HttpClient(policy, self._options.ca_certificate, seconds=SECONDS)
        self._known: dict[int, Any] = {}
        self._absent: dict[int, float] = {}

    def by_id(self, number: int) -> Any:
        """Return a schema ready for fastavro; raises LookupError for an unknown id, ConnectorError without an answer."""
        if number in self._known:
            return self._known[number]
        now = time.monotonic()
        if now - self._absent.get(number, -ABSENT_SECONDS) >= ABSENT_SECONDS:
            answer = self._get(f"/schemas/ids/{number}")
            if answer is not None:
                self._known[number] = self._parsed(answer)
                return self._known[number]
            self._absent[number] = now
        raise LookupError(number)

    def latest(self, subject: str) -> Any:
        """Return the latest schema of a subject as one JSON value, with what it refers to; None where there is none."""
        answer = self._get(f"/subjects/{quote(subject, safe='')}/versions/latest")
        return None if answer is None else self._whole(answer)

    def subjects(self) -> list[str]:
        """Return the names of all subjects."""
        return list(self._get("/subjects") or [])

    def _parsed(self, answer: Mapping[str, Any]) -> Any:
        import fastavro

        return fastavro.parse_schema(self._whole(answer))

    def _whole(self, answer: Mapping[str, Any]) -> Any:
        """Return a schema in which each type of another subject stands where it is first named."""
        kind = answer.get("schemaType") or "AVRO"
        if kind != "AVRO":
            what = f"the registry's schema is of type {kind}, expected AVRO"
            raise ConnectorError("RNL-REGISTRY-003", what, "Choose the format that the records are written in.")
        schema = json.loads(answer["schema"])
        others: dict[str, Any] = {}
        for reference in answer.get("references") or ():
            path = f"/subjects/{quote(reference['subject'], safe='')}/versions/{int(reference['version'])}"
            found = self._get(path)
            if found is None:
                raise ConnectorError("RNL-REGISTRY-004", f"the registry has no {path}, which a schema refers to")
            others[str(reference["name"])] = self._whole(found)
        return _inlined(schema, others, "") if others else schema

    def _get(self, path: str) -> Any:
        """Return what the registry answers; None for 404."""
        address = self._options.url.rstrip("/") + path
        answer = self._http.request("GET", address, driver_settings(self._options))
        if answer.status == 404:
            return None
        if answer.status in (401, 403):
            what = f"the registry answers {answer.status}: it does not let us in"
            raise ConnectorError("RNL-REGISTRY-001", what, "Check the authentication and the secret.")
        if answer.status != 200:
            retryable = answer.status in (408, 429) or answer.status >= 500
            what = f"{address} answers {answer.status}"
            raise ConnectorError("RNL-REGISTRY-002", what, "Check that the registry is well.", retryable=retryable)
        return json.loads(answer.body)


def _inlined(schema: Any, others: dict[str, Any], space: str) -> Any:
    """Replace the first mention of each named type by the type itself; Avro wants a type before it is named."""
    if isinstance(schema, str):
        full = schema if "." in schema or not space else f"{space}.{schema}"
        for name in (full, schema):
            if name in others:
                return others.pop(name)
        return schema
    if isinstance(schema, list):
        return [_inlined(one, others, space) for one in schema]
    made = dict(schema)
    space = made.get("namespace", space)
    for part in ("items", "values", "type"):
        if part in made:
            made[part] = _inlined(made[part], others, space)
    if "fields" in made:
        made["fields"] = [{**one, "type": _inlined(one["type"], others, space)} for one in made["fields"]]
    return made
