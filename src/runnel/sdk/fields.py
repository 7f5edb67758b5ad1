"""Markers for config fields that the compiler binds, and `field`, which gives a field its words and its widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticUndefined

ExpressionKind = Literal["scalar", "aggregate", "window"]


@dataclass(frozen=True)
class ExpressionMark:
    """The field holds one expression (or a mapping of name → expression) over the columns of `input`.

    `sequential` lets each expression of a mapping see the columns that the earlier ones made. In a list of models the
    expression stands under `key` of each item. `on_error` overrides what the node's config says about failing rows.
    """

    kind: ExpressionKind = "scalar"
    input: str = "input"
    sequential: bool = False
    condition: bool = False
    key: str | None = None
    on_error: str | None = None


@dataclass(frozen=True)
class ColumnMark:
    """The field names one or more existing columns of `input`: a text, a list, or the keys of a mapping."""

    input: str = "input"
    keys: bool = False


@dataclass(frozen=True)
class SqlMark:
    """The field is a text in another language; its references are not pasted into it.

    Each reference as written (`${params.x}`) → its typed value is put into the config field that `values` names.
    """

    values: str


@dataclass(frozen=True)
class SecretMark:
    """The field may hold `${secrets.name}`; its value reaches no SQL, cache key or log."""


@dataclass(frozen=True)
class ConnectionMark:
    """The field names a connection of this kind; its settings reach workers only.

    Written as `Annotated[str, ConnectionMark("kafka")]`. With `kinds`, connections of these further kinds serve as well.
    """

    kind: str
    kinds: tuple[str, ...] = ()

    def takes(self, kind: str) -> bool:
        """Tell whether a connection of that kind serves."""
        return kind == self.kind or kind in self.kinds


@dataclass(frozen=True)
class PathMark:
    """The field is a path relative to the pipeline's folder; it is granted to the worker for reading or writing."""

    access: Literal["read", "write"] = "read"


@dataclass(frozen=True)
class TypeMark:
    """The field holds type names as values of a mapping (column → type), written in DuckDB's names or our aliases."""


Expression = Annotated[str, ExpressionMark()]
Condition = Annotated[str, ExpressionMark(condition=True)]
Expressions = Annotated[dict[str, str], ExpressionMark()]
SequentialExpressions = Annotated[dict[str, str], ExpressionMark(sequential=True)]
AggregateExpressions = Annotated[dict[str, str], ExpressionMark(kind="aggregate")]
WindowExpressions = Annotated[dict[str, str], ExpressionMark(kind="window")]
Column = Annotated[str, ColumnMark()]
Columns = Annotated[list[str], ColumnMark()]
ColumnTypes = Annotated[dict[str, str], TypeMark()]
ReadPath = Annotated[str, PathMark("read")]
WritePath = Annotated[str, PathMark("write")]
OnError = Literal["fail", "null", "reject"]


class NodeConfig(BaseModel):
    """The base of every node's config: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class GuardedConfig(NodeConfig):
    """The base of configs with expressions: what happens to a row whose expression cannot be evaluated."""

    on_error: OnError = Field(
        "reject",
        title="If a row cannot be evaluated",
        description="reject sends the row to the port `rejected` (or to dead letters), null gives NULL, fail stops.",
        json_schema_extra={"widget": "choice"},
    )


def field(
    default: Any = PydanticUndefined,
    *,
    title: str | None = None,
    help: str = "",
    widget: str | None = None,
    unit: str | None = None,
    advanced: bool = False,
    alias: str | None = None,
    when: Mapping[str, Sequence[str]] | None = None,
    **limits: Any,
) -> Any:
    """Declare a config field with the words and the widget of its form.

    `unit` is shown behind the field (seconds, bytes, rows); `advanced` folds it away; `when` shows it only where other
    fields have one of these values; `limits` are pydantic's own (`ge`, `le`, `min_length`, `pattern`,
    `default_factory`).
    """
    hints: dict[str, Any] = {
        key: value
        for key, value in (("widget", widget), ("unit", unit), ("advanced", advanced or None), ("when", when))
        if value
    }
    return Field(default, title=title, description=help or None, alias=alias, json_schema_extra=hints or None, **limits)


def marks_of(config: type[BaseModel], kind: type[Any]) -> Mapping[str, Any]:
    """Return field name → marker of the given class, in the order of declaration."""
    found: dict[str, Any] = {}
    for name, info in config.model_fields.items():
        for mark in _marks(info):
            if isinstance(mark, kind):
                found[name] = mark
    return found


def _marks(info: Any) -> list[Any]:
    """Collect the markers of a field, also where the marked type stands inside a union with None."""
    marks: list[Any] = list(info.metadata)
    stack = [info.annotation]
    while stack:
        annotation = stack.pop()
        marks.extend(getattr(annotation, "__metadata__", ()))
        stack.extend(part for part in getattr(annotation, "__args__", ()) if not isinstance(part, str))
    return marks
