"""The JSON Schema of pipeline files follows the format and the installed kinds."""

from __future__ import annotations

from typing import Any

from runnel.model import document_schema
from runnel.model.loading import NODE_KEYS, TOP_KEYS
from runnel.model.sections import PARAM_KEYS, SETTING_KEYS, TEST_KEYS

FILTER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "where": {"type": "string"},
        "rows": {"type": "integer", "title": "Rows"},
        "by": {"$ref": "#/$defs/By"},
    },
    "required": ["where"],
    "additionalProperties": False,
    "$defs": {"By": {"enum": ["a", "b"]}},
}


def test_the_schema_has_exactly_the_keys_that_loading_takes() -> None:
    schema = document_schema({})
    definitions = schema["$defs"]
    assert set(schema["properties"]) == set(TOP_KEYS)
    assert set(definitions["node"]["properties"]) == set(NODE_KEYS)
    assert set(definitions["param"]["properties"]) == set(PARAM_KEYS)
    assert set(definitions["settings"]["properties"]) == set(SETTING_KEYS)
    assert set(definitions["test"]["properties"]) == set(TEST_KEYS)


def test_each_kind_checks_its_own_config() -> None:
    schema = document_schema({"table.filter": FILTER, "source.file": {"type": "object"}})
    node = schema["$defs"]["node"]
    assert node["properties"]["kind"] == {"enum": ["source.file", "table.filter"]}
    assert [choice["then"]["properties"]["config"]["$ref"] for choice in node["allOf"]] == [
        "#/$defs/config.source.file",
        "#/$defs/config.table.filter",
    ]


def test_references_are_allowed_where_a_field_is_not_text_and_inner_definitions_are_reachable() -> None:
    config = document_schema({"table.filter": FILTER})["$defs"]["config.table.filter"]
    assert config["properties"]["where"] == {"type": "string"}
    assert config["properties"]["rows"]["title"] == "Rows"
    assert config["properties"]["rows"]["anyOf"][1]["type"] == "string"
    assert config["properties"]["by"]["anyOf"][0] == {"$ref": "#/$defs/config.table.filter/$defs/By"}
    assert FILTER["properties"]["by"] == {"$ref": "#/$defs/By"}
