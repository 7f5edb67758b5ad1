"""Charts: nodes that reduce a table to what a picture needs, and the validated specification of that picture."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from runnel.model.findings import Finding, Where
from runnel.sdk.fields import NodeConfig, field
from runnel.sdk.joining import family
from runnel.sdk.names import nearest_column, resolve_column
from runnel.sdk.node import Ledger, Node
from runnel.sdk.relation import Relation

ChartKind = Literal[
    "line", "bar", "pie", "scatter", "area", "histogram", "heat_map", "number", "table", "map", "hex_bin"
]


class Channel(BaseModel):
    """One column of the chart's data and how it is read: as time, as a quantity or as a name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str
    label: str
    type: Literal["temporal", "quantitative", "nominal"]


class ChartSpec(BaseModel):
    """The specification of a chart; its data are the rows of the node's reduced table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ChartKind
    title: str
    x: Channel | None = None
    y: tuple[Channel, ...] = ()
    series: Channel | None = None
    stacked: bool = False
    horizontal: bool = False
    note: str = ""
    offered: tuple[str, ...] = ()


class ChartConfig(NodeConfig):
    """What every chart has."""

    title: str | None = field(None, title="Title", help="The question that the chart answers.")


class Chart(Node):
    """The base of charts. `relate` returns {"data": the reduced table}; `specify` says how it is drawn."""

    ledger: ClassVar[Ledger] = Ledger.SINK
    outputs: ClassVar[tuple[str, ...]] = ()
    group: ClassVar[str] = "charts"

    Config: ClassVar[Any] = ChartConfig

    def specify(self, types: Mapping[str, str]) -> ChartSpec:
        """Return the specification for data of these column types."""
        raise NotImplementedError

    def settled(self, input: Relation) -> Mapping[str, Any] | None:
        """Return `kind` and `config` of the chart that is drawn instead (charts that choose), or None."""
        return None

    def named(self) -> Iterator[tuple[str, str]]:
        """Yield (setting, column) for every column that the chart's config names."""
        for setting in ("x", "y", "series", "label", "value", "latitude", "longitude", "country", "columns"):
            given = getattr(self.config, setting, None)
            for name in given if isinstance(given, list) else [given]:
                if name is not None:
                    yield setting, name

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Finding]:
        """Report columns that do not exist."""
        for setting, name in self.named():
            if resolve_column(inputs["input"], name) is None:
                yield nearest_column(inputs["input"], name, Where(field=setting))

    def titled(self, words: str) -> str:
        """Return the title of the config, or one made from the columns."""
        return self.config.title or words


def channel(name: str, types: Mapping[str, str]) -> Channel:
    """Return the channel of a column, read by its type."""
    return Channel(column=name, label=name.replace("_", " "), type=reading(types.get(name, "VARCHAR")))


def reading(type: str) -> Literal["temporal", "quantitative", "nominal"]:
    """Return how values of a type are read in a chart."""
    kind = family(type)
    if kind == "time" or type.startswith("TIME"):
        return "temporal"
    return "quantitative" if kind == "number" else "nominal"


def exact(relation: Relation, name: str) -> str:
    """Return the exact name of a column."""
    return resolve_column(relation, name) or name


def listed(value: str | Sequence[str]) -> list[str]:
    """Return one or several column names as a list."""
    return [value] if isinstance(value, str) else list(value)
