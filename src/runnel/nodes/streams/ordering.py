"""Rows of a stream in their order: what nodes that act key by key share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runnel.sdk import Finding, Relation, Where, field
from runnel.sdk.stateful import identifier, listed, relation
from runnel.sdk.streaming import METADATA

US, OLD, SEQ, GROUP = "__us", "__old", "__seq", "__group"
"""A row's time in microseconds, whether the state gave it, its number within its key, and the key where none is named."""
PLACE = ("_partition", "_position")
ORDER = f"{US}, _partition, _position"
ROWS = "step:rows"
WM, WM_BEFORE = "(SELECT epoch_us(wm) FROM clock)", "(SELECT epoch_us(wm_before) FROM clock)"
FOREVER = 253_402_300_799_000_000
"""The watermark when everything is over, in microseconds."""


def time_field() -> Any:
    """Return the setting that names the column by which rows are in time."""
    return field("_event_time", title="Time", widget="column",
                 help="The column that says when; else the event time of the source.")  # fmt: skip


def time_findings(node: Any, input: Relation, name: str = "time") -> Iterator[Finding]:
    """Report a time column that is none."""
    time = node.bound.get(name, getattr(node.config, name))
    type = {**METADATA, **input.types}.get(time, "TIMESTAMP")
    if not type.startswith(("TIMESTAMP", "DATE")):
        hint = "Turn it into a timestamp first (table.cast, table.parse_date)."
        yield Finding("RNL-CONFIG-002", "error", f"`{time}` is {type}, not a time", hint, Where(field=name))


def name_findings(names: Iterable[tuple[str, str]], taken: Iterable[str]) -> Iterator[Finding]:
    """Report new columns, given as (name, field), whose name is taken."""
    used = {name.lower() for name in taken}
    for name, where in names:
        if name.lower() in used:
            what = f"`{name}` names two columns of the result"
            yield Finding("RNL-COLUMN-002", "error", what, "Give one of them another name.", Where(field=where))
        used.add(name.lower())


def metadata(input: Relation) -> list[str]:
    """Return the metadata columns that an input has besides its own columns."""
    return [name for name in METADATA if name not in input.columns]


def visible(made: Relation) -> Relation:
    """Return a relation that gives its hidden columns too."""
    return replace(made, columns=(*made.columns, *made.hidden), hidden=())


def carrying(text: str, columns: Sequence[str], input: Relation, **trees: Any) -> Relation:
    """Return the relation of rows of an input that go on: with new columns, and the metadata hidden."""
    return replace(relation(text, columns, **trees), hidden=tuple(metadata(input)))


@dataclass(frozen=True)
class Ordered:
    """The rows of one input that came in time, key by key; `extras` are computed columns (name → SQL).

    A row is late when it is older than the watermark of its own partition was as it came, and when it has no time. Of rows
    that do not go on only the columns `needed` are read, besides the key.
    """

    input: Relation
    time: str
    named: tuple[str, ...]
    extras: Mapping[str, str]
    lateness: str = ""
    needed: frozenset[str] | None = None

    @staticmethod
    def of(node: Any, input: Relation, keys: Sequence[str], extras: Mapping[str, str] | None = None,
           time: str = "time") -> Ordered:  # fmt: skip
        """Return the rows of a node's input."""
        return Ordered(input, node.bound[time], tuple(dict.fromkeys(keys)), dict(extras or {}))

    @property
    def keys(self) -> list[str]:
        """The columns of the key; a constant where there is none."""
        return list(self.named) or [GROUP]

    @property
    def key_types(self) -> dict[str, str]:
        """The types of the key's columns."""
        return {name: {**METADATA, **self.input.types}.get(name, "INTEGER") for name in self.keys}

    @property
    def carried(self) -> list[str]:
        """The columns of a row that goes on."""
        return [*self.input.columns, *metadata(self.input)]

    @property
    def columns(self) -> list[str]:
        """Everything that `text` gives."""
        return [*self._read, *([] if self.named else [GROUP]), US, *self.extras]

    @property
    def _read(self) -> list[str]:
        if self.needed is None:
            return self.carried
        return [name for name in self.carried if name in self.needed or name in self.named]

    @property
    def _us(self) -> str:
        return f"epoch_us({identifier(self.time)})"

    @property
    def _is_late(self) -> str:
        return self.lateness or f"({self._us} IS NULL OR coalesce({self._us} < epoch_us(_watermark), FALSE))"

    @property
    def _source(self) -> str:
        return self.input.source("i").sql("duckdb")

    @property
    def text(self) -> str:
        """The query of the rows in time."""
        extras = "".join(f", {sql} AS {identifier(name)}" for name, sql in self.extras.items())
        group = "" if self.named else f", 0 AS {GROUP}"
        us = f"{self._us} AS {US}"
        return f"SELECT {listed(self._read)}{group}, {us}{extras} FROM {self._source} WHERE NOT {self._is_late}"

    def late(self) -> Relation:
        """Return the rows that came too late."""
        text = f"SELECT {listed(self.carried)} FROM {self._source} WHERE {self._is_late}"
        return carrying(text, self.input.columns, self.input)

    def touched(self) -> Relation:
        """Return the keys of the rows."""
        if not self.named:
            return relation(f"SELECT 0 AS {GROUP} FROM {self._source}", self.keys)
        return relation(f"SELECT {listed(self.keys)} FROM {self._source}", self.keys)

    def with_earlier(self, kept: Sequence[str] | None) -> str:
        """Return the query of the rows, numbered within their key, behind those that `state` kept (its columns).

        `kept` None leaves the state out: that is what the rows are when all come at once.
        """
        new = f"SELECT {listed(self.columns)}, FALSE AS {OLD} FROM ({self.text}) AS n"
        if kept is not None:
            known = {*kept, *self.keys, US, *PLACE}
            given = ", ".join(
                identifier(name) if name in known else f"NULL AS {identifier(name)}" for name in self.columns
            )
            new = f"SELECT {given}, TRUE AS {OLD} FROM state UNION ALL {new}"
        number = f"row_number() OVER (PARTITION BY {listed(self.keys)} ORDER BY {OLD} DESC, {ORDER}) AS {SEQ}"
        return f"SELECT {listed(self.columns)}, {OLD}, {number} FROM ({new}) AS a"

    def newest(self, columns: Sequence[str], rows: int, table: str) -> str:
        """Return the query of each key's newest rows of a table that `with_earlier` gave."""
        number = f"row_number() OVER (PARTITION BY {listed(self.keys)} ORDER BY {SEQ} DESC) AS __back"
        return f"""SELECT {listed(columns)} FROM (SELECT {listed(columns)}, {number} FROM {identifier(table)}) AS b
            WHERE __back <= {rows}"""

    def kept_types(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the types of a state of rows: key, time, place, and more columns."""
        place = {name: METADATA[name] for name in PLACE}
        return {**self.key_types, US: "BIGINT", **{n: t for n, t in place.items() if n not in self.key_types}, **more}
