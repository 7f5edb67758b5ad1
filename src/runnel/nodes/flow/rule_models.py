"""The rules of document 003 as models: one per `type`, with the names of fields that people use for them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field


def _named(*names: str, default: Any = ...) -> Any:
    return Field(default, validation_alias=AliasChoices(*names))


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Condition(_Model):
    """One comparison, or a group of them joined by `and`, `or`, `not`."""

    field: str | None = _named("field", "field_name", default=None)
    operator: str = "equals"
    value: Any = _named("value", "values", default=None)
    all: list[Condition] = _named("and", "all", default=[])
    any: list[Condition] = _named("or", "any", default=[])
    negated: Condition | None = _named("not", default=None)
    conditions: list[Condition] = []
    logic: Literal["and", "or", "AND", "OR"] = _named("logic", "logical_operator", default="and")


class _Rule(_Model):
    name: str | None = None
    description: str | None = None


class FieldMapping(_Rule):
    """A field under another name, and optionally changed."""

    type: Literal["field_mapping", "field_rename"]
    field_name: str | None = _named("field_name", "source_field", "field", "from", default=None)
    target: str | None = _named("target", "target_field", "output_field", "new_name", "to", default=None)
    mappings: dict[str, str] = {}
    operation: str | None = None
    parameters: dict[str, Any] = {}


class FieldOperation(_Rule):
    """A field's value changed by an operation."""

    type: Literal["field_operation"]
    field_name: str = _named("field_name", "field")
    operation: str
    output_field: str | None = _named("output_field", "target_field", default=None)
    parameters: dict[str, Any] = {}


class FieldCalculation(_Rule):
    """A number computed from fields."""

    type: Literal["field_calculation"]
    field_name: str | None = _named("field_name", "output_field", default=None)
    operation: str
    parameters: dict[str, Any] = {}


class FieldAddition(_Rule):
    """A new field: a constant, the current time, or made from other fields."""

    type: Literal["field_addition"]
    field_name: str = _named("field_name", "field")
    value: Any = None
    operation: str | None = None
    parameters: dict[str, Any] = {}


class FieldRemoval(_Rule):
    """Fields left out."""

    type: Literal["field_removal"]
    field_names: list[str] = _named("field_names", "fields", default=[])
    field_name: str | None = _named("field_name", "field", default=None)


class FieldValidation(_Rule):
    """A check; records that do not pass are rejected."""

    type: Literal["field_validation"]
    field_name: str = _named("field_name", "field")
    validation_type: str = _named("validation_type", "validation")
    parameters: dict[str, Any] = {}
    message: str | None = _named("message", "error_message", default=None)


class TypeConversion(_Rule):
    """A field cast to another type; records whose value does not fit are rejected."""

    type: Literal["type_conversion", "field_conversion"]
    field_name: str = _named("field_name", "field")
    target_type: str = _named("target_type", "to")


class RecordFilter(_Rule):
    """The records for which a condition is true."""

    type: Literal["record_filter"]
    condition: Condition


class AggregatedField(_Model):
    """One value per group."""

    input_field: str | None = _named("input_field", "field", default=None)
    output_field: str
    operation: str


class Aggregation(_Rule):
    """One record per group."""

    type: Literal["aggregation"]
    group_by_fields: list[str] = _named("group_by_fields", "group_by", default=[])
    aggregated_fields: list[AggregatedField] = _named("aggregated_fields", "aggregations", default=[])
    include_details: bool = False


class JoinRule(_Rule):
    """Records matched with those of another input."""

    type: Literal["join"]
    join_type: Literal["inner", "left", "right", "full", "outer", "semi", "anti"] = "inner"
    primary_key: str
    foreign_key: str | None = None
    join_source: str
    included_fields: list[str] = []


class LookupRule(_Rule):
    """Fields of another input brought to each record; every record goes on once."""

    type: Literal["lookup"]
    primary_key: str = _named("primary_key", "field_name", "key")
    foreign_key: str | None = _named("foreign_key", "lookup_key", default=None)
    join_source: str = _named("lookup_source", "join_source")
    included_fields: list[str] = _named("included_fields", "lookup_fields", default=[])
    defaults: dict[str, Any] = {}


class HashRule(_Rule):
    """Fields replaced by their digest."""

    type: Literal["hash", "field_hash"]
    field_names: list[str] = _named("field_names", "fields", default=[])
    field_name: str | None = _named("field_name", "field", default=None)
    algorithm: Literal["md5", "sha1", "sha256"] = "sha256"
    salt: str = ""


class Deduplication(_Rule):
    """One record per key."""

    type: Literal["deduplication", "record_deduplication"]
    key_fields: list[str] = _named("key_fields", "keys", "fields")
    order_by: list[str] = []
    keep: Literal["first", "last"] = "first"


class RecordSplit(_Rule):
    """One record per element of a list, or per part of a text."""

    type: Literal["record_split", "record_splitting"]
    field_name: str = _named("field_name", "field")
    separator: str | None = _named("separator", "delimiter", default=None)


class Conditional(_Rule):
    """Other rules for records that fulfil a condition, and for those that do not."""

    type: Literal["conditional"]
    condition: Condition
    then: list[Rule] = []
    otherwise: list[Rule] = _named("else", "otherwise", default=[])


Rule = Annotated[
    FieldMapping
    | FieldOperation
    | FieldCalculation
    | FieldAddition
    | FieldRemoval
    | FieldValidation
    | TypeConversion
    | RecordFilter
    | Aggregation
    | JoinRule
    | LookupRule
    | HashRule
    | Deduplication
    | RecordSplit
    | Conditional,
    Field(discriminator="type"),
]
"""Any rule, told apart by its `type`."""

Conditional.model_rebuild()
Condition.model_rebuild()
