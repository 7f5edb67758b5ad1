"""Nodes with state over unbounded rows: a behaviour is a handful of relational queries that the stream runtime executes."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp

from runnel.sdk.node import Node, Streaming
from runnel.sdk.relation import Relation
from runnel.sdk.trees import copied

BUCKET = "_bucket"
"""The column of a bucketed state that says when a row is no longer needed: once the watermark has reached it."""
STATE = "state"
CLOCK = "clock"
MOMENT = "TIMESTAMP WITH TIME ZONE"
CLOCK_TYPES: Mapping[str, str] = {"wm_before": MOMENT, "wm": MOMENT, "now": MOMENT, "told": MOMENT, "telling": "BOOLEAN"}
"""The table `clock`, one row: the watermark before and after this step (NULL: nothing known yet), the epoch's time, when the
node last told early what is not over (NULL: never), and whether it does so now."""
SINCE, UNTIL = "__since", "__until"
"""Columns of a bucketed state with early results: the time of the epochs in which the first and the last of a row came."""


@dataclass(frozen=True)
class Buckets:
    """State that only grows and is dropped by time: partial aggregates, buffered rows.

    `absorb` gives new state rows from the inputs; it has the column `_bucket`. `combine`, over the table `state`, gives
    fewer rows that mean the same (None: rows are kept as they are). `emit` gives rows per output port from the inputs,
    the table `state` and `clock`; it is asked with the state rows whose bucket the watermark has reached, or with
    all of them (`live`) where rows leave before their bucket is over.

    With `every` (microseconds) results leave early: at the end of an epoch, at most so often and only where rows came since,
    `emit` is asked with all rows that are left, and `telling` of the clock is true. The state has the columns `__since` and
    `__until` then, which are not in `absorb`, and which `combine` joins by least and largest.
    """

    absorb: Relation
    combine: Relation | None
    emit: Mapping[str, Relation]
    live: bool = False
    every: int | None = None


@dataclass(frozen=True)
class Keyed:
    """State by key: any number of rows for each key, replaced as a whole.

    `touched` maps each input port to the relation of its keys (columns named as in `keys`, one row per row). The table
    `state` then holds the rows of every key that the inputs touch, and of every key that is due. `steps` are computed
    first, one after the other, each under its name. `absorb` gives all new rows of every key that is in `state` or in
    the inputs (a key without a row is forgotten; `state` may hold keys that nothing touches: they must come out again),
    and `emit` the rows per output port. `types` are the columns of the state, cast on every write, or a relation over the
    inputs whose columns are of these types. `due` names the state
    column with the moment at which the watermark makes a key due again (NULL: never). `asks` gives, over the inputs, `state`
    and `clock`, the keys (as texts) that another system is asked for; its answers are the columns `answers` of the table
    `answers`, texts too, behind the key's own and before `_known`. With `every` (microseconds) results leave early, as those of
    `Buckets`: everything is asked with the keys that have a row whose `__until`, a column of the state, lies after `told`.
    """

    keys: tuple[str, ...]
    touched: Mapping[str, Relation]
    absorb: Relation
    emit: Mapping[str, Relation]
    types: Mapping[str, str] | Relation
    steps: Mapping[str, Relation] = field(default_factory=dict)
    due: str | None = None
    asks: Relation | None = None
    answers: tuple[str, ...] = ()
    every: int | None = None


Behaviour = Buckets | Keyed


class StatefulNode(Node):
    """A node that keeps something about the rows it has seen.

    `relate` says what it gives for bounded rows; `behave` says the same for rows that come bit by bit, and any cutting into
    bits must give the same rows. Both get the inputs with the metadata columns of streams (`_event_time`, `_watermark`,
    `_partition`, `_position`): NULL for rows that come from no stream. With `sequenced` rows wait until the watermark
    has passed their time (the column that `clocked` names) and come in the order of (time, partition, position); rows that
    are too late for that leave through `late`.
    """

    streaming: ClassVar[Streaming] = Streaming.STATEFUL
    group: ClassVar[str] = "streams"
    state_version: ClassVar[int] = 1
    sequenced: ClassVar[bool] = False

    endless: bool = False
    """Whether the rows that come never end, as the compiler found out."""

    @classmethod
    def revises(cls, config: Any) -> bool:
        """Tell whether in a stream a row of the first port may take the place of one before: it has `_op` then."""
        return False

    def clocked(self, input: str) -> str:
        """Return the column of an input port by which its rows are in time."""
        return "_event_time"

    def behave(self, *args: Any, **inputs: Any) -> Behaviour:
        """Return the queries; inputs are tables whose columns, metadata too, are all visible."""
        raise NotImplementedError


def identifier(name: str) -> str:
    """Return a quoted name for a query template."""
    return '"' + name.replace('"', '""') + '"'


def listed(names: Sequence[str], table: str | None = None) -> str:
    """Return names with commas between them for a query template, each of a table if one is given."""
    return ", ".join(f"{identifier(table)}.{identifier(name)}" if table else identifier(name) for name in names)


def templated(text: str, **trees: exp.Expr) -> exp.Query:
    """Return the query of a template that a node holds; `:name` stands for a bound expression."""
    made = copied(_parsed(text))
    for placeholder in list(made.find_all(exp.Placeholder)):
        placeholder.replace(exp.paren(copied(trees[placeholder.name]), copy=False))
    return made


@lru_cache(maxsize=1024)
def _parsed(text: str) -> exp.Query:
    found = sqlglot.parse_one(text, dialect="duckdb")
    assert isinstance(found, exp.Query)
    return found


def relation(text: str, columns: Sequence[str], **trees: exp.Expr) -> Relation:
    """Return the relation of a template that gives exactly `columns`."""
    return Relation.of(templated(text, **trees), columns)
