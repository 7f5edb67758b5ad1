"""Every code of a document, parameter or edit problem with one sentence each; the reference pages are made from it."""

from __future__ import annotations

SYNTAX = "RNL-DOC-001"
TAB = "RNL-DOC-002"
DUPLICATE_KEY = "RNL-DOC-003"
ALIAS_BOMB = "RNL-DOC-004"
ALIAS_CYCLE = "RNL-DOC-005"
ALIAS_UNKNOWN = "RNL-DOC-006"
TOO_MANY_BYTES = "RNL-DOC-007"
TOO_MANY_NODES = "RNL-DOC-008"
TOO_MANY_VALUES = "RNL-DOC-009"
TOO_DEEP = "RNL-DOC-010"
SEVERAL_DOCUMENTS = "RNL-DOC-011"
NOT_UTF8 = "RNL-DOC-012"
CONTROL_CHARACTER = "RNL-DOC-013"
WRONG_TYPE = "RNL-DOC-014"
UNKNOWN_KEY = "RNL-DOC-015"
MISSING_KEY = "RNL-DOC-016"
NAME_NOT_SLUG = "RNL-DOC-017"
ID_NOT_SLUG = "RNL-DOC-018"
VERSION_NEWER = "RNL-DOC-019"
VERSION_UNKNOWN = "RNL-DOC-020"
UNKNOWN_NODE = "RNL-DOC-021"
BAD_REFERENCE = "RNL-DOC-022"
DEFAULT_TYPE = "RNL-DOC-023"
DEFAULT_NOT_IN_VALUES = "RNL-DOC-024"
UNKNOWN_PARAM_TYPE = "RNL-DOC-025"
NOT_A_CHOICE = "RNL-DOC-026"
UNSUPPORTED_TAG = "RNL-DOC-027"
MERGE_KEY = "RNL-DOC-028"
KEY_NOT_TEXT = "RNL-DOC-029"
NOT_JSON = "RNL-DOC-030"
DIGITS_LOST = "RNL-DOC-031"
LEADING_ZEROS = "RNL-DOC-032"
OUT_OF_RANGE = "RNL-DOC-033"
MIGRATED = "RNL-DOC-034"
EMPTY_DOCUMENT = "RNL-DOC-035"
FILE_UNREADABLE = "RNL-DOC-036"
NAME_TAKEN = "RNL-DOC-037"

PARAM_UNKNOWN = "RNL-PARAM-001"
PARAM_MISSING = "RNL-PARAM-002"
PARAM_VALUE = "RNL-PARAM-003"
ENV_MISSING = "RNL-PARAM-004"
REFERENCE_UNKNOWN = "RNL-PARAM-005"
REFERENCE_MALFORMED = "RNL-PARAM-006"

EDIT_PATH = "RNL-EDIT-001"
EDIT_VALUE = "RNL-EDIT-002"

codes: dict[str, str] = {
    SYNTAX: "The file is not well-formed YAML at this place.",
    TAB: "YAML is indented with spaces; a tab stands where indentation or a value is expected.",
    DUPLICATE_KEY: "The same key stands twice in one mapping, so one of the two values would be lost.",
    ALIAS_BOMB: "The aliases of the file expand to more values than a pipeline may hold.",
    ALIAS_CYCLE: "An alias points at a value that contains the alias itself.",
    ALIAS_UNKNOWN: "An alias names an anchor that is not defined above it.",
    TOO_MANY_BYTES: "The file is larger than a pipeline file may be.",
    TOO_MANY_NODES: "The pipeline has more nodes than one file may hold; split it into sub-pipelines.",
    TOO_MANY_VALUES: "The file holds more values than a pipeline may hold; keep data in data files.",
    TOO_DEEP: "Mappings and lists are nested deeper than a pipeline may be.",
    SEVERAL_DOCUMENTS: "The file holds more than one YAML document; a pipeline file holds one.",
    NOT_UTF8: "The file is not UTF-8 text.",
    CONTROL_CHARACTER: "The text holds a character that YAML does not allow unescaped.",
    WRONG_TYPE: "A value has another type than its field takes.",
    UNKNOWN_KEY: "A key is not one that stands at this place.",
    MISSING_KEY: "A key that is needed is missing.",
    NAME_NOT_SLUG: "The pipeline's name is not a slug of letters, digits, `_` and `-`.",
    ID_NOT_SLUG: "An id is not a slug of letters, digits, `_` and `-`.",
    VERSION_NEWER: "The file has a newer format version than this Runnel knows.",
    VERSION_UNKNOWN: "The format version is not one that Runnel ever wrote.",
    UNKNOWN_NODE: "A reference names a node that the pipeline does not have.",
    BAD_REFERENCE: "A reference is not of the form `node` or `node.port`.",
    DEFAULT_TYPE: "The default of a parameter does not fit its type.",
    DEFAULT_NOT_IN_VALUES: "The default of an enum parameter is not one of its values.",
    UNKNOWN_PARAM_TYPE: "A parameter has a type that does not exist.",
    NOT_A_CHOICE: "A setting has a value that is not one of its choices.",
    UNSUPPORTED_TAG: "A YAML tag asks for a type that pipeline files do not use.",
    MERGE_KEY: "The merge key `<<` is not part of YAML 1.2.",
    KEY_NOT_TEXT: "A key of a mapping is itself a mapping or a list.",
    NOT_JSON: "A value cannot be written as JSON, so it cannot stand in a pipeline.",
    DIGITS_LOST: "A number has more digits than a floating point number keeps; in quotes it stays exact.",
    LEADING_ZEROS: "A number is written with leading zeros, which are lost; in quotes they stay.",
    OUT_OF_RANGE: "A number is outside the range of its field.",
    MIGRATED: "The file has an older format and was read through its migrations.",
    EMPTY_DOCUMENT: "The file is empty.",
    FILE_UNREADABLE: "The file cannot be read.",
    NAME_TAKEN: "A declared input has the same name as a node, so references to it would be ambiguous.",
    PARAM_UNKNOWN: "A value is given for a parameter that the pipeline does not declare.",
    PARAM_MISSING: "A parameter without a default got no value.",
    PARAM_VALUE: "A value that is given for a parameter does not fit its type.",
    ENV_MISSING: "An environment variable without a default is not set or not allowed.",
    REFERENCE_UNKNOWN: "A `${params.…}` reference names a parameter that the pipeline does not declare.",
    REFERENCE_MALFORMED: "A `${…}` is not a reference to params, env or secrets.",
    EDIT_PATH: "An edit names a place that the document does not have.",
    EDIT_VALUE: "An edit would give a document that cannot be written.",
}
