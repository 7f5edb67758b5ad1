"""Join two streams within a time."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from sqlglot import exp

from runnel.nodes.streams.ordering import OLD, US, WM, Ordered, metadata, time_findings, visible
from runnel.nodes.streams.timing import micros
from runnel.sdk import ColumnMark, Example, Finding, Ledger, NodeConfig, Relation, Where, field
from runnel.sdk.joining import JoinKeys, combined_columns, family, key_findings
from runnel.sdk.stateful import Keyed, StatefulNode, identifier, listed, relation
from runnel.sdk.streaming import METADATA

LEFT, RIGHT, PAIRS, MET = "step:left", "step:right", "step:pairs", "step:met"
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")


class Join(StatefulNode):
    """Pairs rows of two streams whose keys are equal and whose times are near; NULL keys match nothing.

    The right row may be up to `before_seconds` older and `after_seconds` newer than the left one. A pair leaves as soon as
    both rows are there. With `how: left` a row of the left side that found none leaves alone, once the watermark of both
    sides has passed its time and `after_seconds`. A row is late when it is older than the watermark of its own partition was
    as it came, or has no time: it leaves through `late`, with NULL in the columns of the other side.
    """

    kind = "stream.join"
    title = "Join streams"
    summary = "Match rows of two streams by key and nearness in time"
    icon = "merge"
    synonyms = ("interval join", "stream-stream join", "correlate", "match events", "merge streams", "enrich")
    ledger = Ledger.ABSORBED
    outputs = ("output", "late")

    class Config(NodeConfig):
        """Settings of the join."""

        on: list[str] | dict[str, str] = field(title="Keys", widget="join_keys", min_length=1,
                                               help="Column names, or left column: right column.")  # fmt: skip
        within_seconds: float = field(title="Within", unit="seconds", ge=0, help="So far apart the two rows may be.")
        before_seconds: float | None = field(None, title="Right before left", unit="seconds", ge=0, advanced=True,
                                             help="So much older the right row may be; else as `within_seconds`.")  # fmt: skip
        after_seconds: float | None = field(None, title="Right after left", unit="seconds", ge=0, advanced=True,
                                            help="So much newer the right row may be; else as `within_seconds`.")  # fmt: skip
        how: Literal["inner", "left"] = field("inner", title="Keep", widget="choice",
                                              help="Pairs alone, or left rows without a match too.")  # fmt: skip
        suffix: str = field("_right", title="Suffix", help="For right columns whose name the left side has too.", advanced=True)
        left_time: Annotated[str, ColumnMark("left")] = field("_event_time", title="Left time", widget="column", advanced=True,
                                                              help="The column by which left rows are in time.")  # fmt: skip
        right_time: Annotated[str, ColumnMark("right")] = field("_event_time", title="Right time", widget="column", advanced=True,
                                                                help="The column by which right rows are in time.")  # fmt: skip

    examples = (
        Example(
            "Orders with their payment",
            {"on": ["id"], "within_seconds": 60, "before_seconds": 0, "how": "left", "left_time": "at", "right_time": "at"},
            {"left": [{"id": 1, "at": "2026-01-01 00:00:01"}, {"id": 2, "at": "2026-01-01 00:00:02"}],
             "right": [{"id": 1, "at": "2026-01-01 00:00:09", "paid": 5}, {"id": 2, "at": "2026-01-01 00:02:00", "paid": 7}]},
            {"output": [{"id": 1, "at": "2026-01-01T00:00:01", "at_right": "2026-01-01T00:00:09", "paid": 5},
                        {"id": 2, "at": "2026-01-01T00:00:02", "at_right": None, "paid": None}]},
            {"left": {"id": "INTEGER", "at": "TIMESTAMP"}, "right": {"id": "INTEGER", "at": "TIMESTAMP", "paid": "INTEGER"}},
        ),
    )  # fmt: skip

    def clocked(self, input: str) -> str:
        """Each side has a time of its own."""
        return self.bound[f"{input}_time"]

    @classmethod
    def refuses_stream(cls, config: Config, unbounded: frozenset[str]) -> str | None:
        """Not with a side that ends: it has no watermark, and needs none."""
        return None if len(unbounded) > 1 else "one side ends; table.join and table.lookup hold it whole"

    @classmethod
    def describe(cls, config: Config) -> str:
        """Show the keys and the time."""
        return f"{config.how} on {', '.join(config.on)} within {config.within_seconds:g} s"

    def check(self, inputs: Mapping[str, Relation]) -> Iterator[Finding]:
        """Report times that are none, unknown keys, and keys that cannot be equal."""
        left, right = inputs["left"], inputs["right"]
        yield from time_findings(self, left, "left_time")
        yield from time_findings(self, right, "right_time")
        found = list(key_findings(left, right, self.config.on, "on"))
        yield from found
        for mine, theirs in JoinKeys.of(left, right, self.config.on).pairs if not found else ():
            if _key_type(left.types.get(mine, ""), right.types.get(theirs, "")) is None:
                what = f"`{mine}` is {left.types[mine]}, `{theirs}` is {right.types[theirs]}"
                yield Finding("RNL-TYPE-001", "error", what, "Give both one type first (table.cast).", Where(field="on"))

    def relate(self, left: Relation, right: Relation) -> dict[str, Relation]:
        """Pair all rows."""
        made = self._made(left, right)
        text = f"""WITH lefts AS ({made.side(made.left, None)}), rights AS ({made.side(made.right, None)}),
            pairs AS ({made.pairs('lefts', 'rights')}), met AS ({made.met('lefts', 'pairs')})
            {made.shown('pairs', 'met', None)}"""
        return {"output": replace(relation(text, made.names), hidden=("_event_time",)), "late": made.late()}

    def behave(self, left: Relation, right: Relation) -> Keyed:
        """Keep the rows of each side for which a row of the other may still come."""
        made = self._made(left, right)
        q_left, q_right, q_pairs, q_met = map(identifier, (LEFT, RIGHT, PAIRS, MET))
        sides = [*made.keys, US, "__met", OLD, "__id"]
        state = [*made.keys, "__left", US, "__met", *made.left.state, *made.right.state, "__due"]
        types = {
            **dict(zip(made.keys, made.key_types, strict=True)), "__left": "BOOLEAN", US: "BIGINT", "__met": "BOOLEAN",
            **made.left.types, **made.right.types, "__due": "TIMESTAMP WITH TIME ZONE",
        }  # fmt: skip
        return Keyed(
            keys=tuple(made.keys), touched={"left": made.left.touched(), "right": made.right.touched()},
            steps={
                LEFT: relation(made.side(made.left, "__left"), [*sides, *made.left.state]),
                RIGHT: relation(made.side(made.right, "NOT __left"), [*sides, *made.right.state]),
                PAIRS: relation(made.pairs(q_left, q_right), [*made.names, "__id", "_event_time"]),
                MET: relation(made.met(q_left, q_pairs), [*sides, *made.left.state]),
            },
            absorb=relation(made.remaining(q_met, q_right), state),
            emit={"output": relation(made.shown(q_pairs, q_met, WM), [*made.names, "_event_time"]), "late": visible(made.late())},
            types=types, due="__due",
        )  # fmt: skip

    def _made(self, left: Relation, right: Relation) -> _Made:
        config, keys = self.config, JoinKeys.of(left, right, self.config.on)
        kinds = [_key_type(left.types[mine], right.types[theirs]) or "VARCHAR" for mine, theirs in keys.pairs]
        before = config.within_seconds if config.before_seconds is None else config.before_seconds
        after = config.within_seconds if config.after_seconds is None else config.after_seconds
        sides = [
            _Side(
                replace(Ordered.of(self, input, [], time=f"{port}_time"), needed=frozenset(input.columns)), f"__{port[0]}", input,
                tuple(zip(columns, kinds, strict=True)),
            )
            for port, input, columns in (
                ("left", left, [mine for mine, _ in keys.pairs]), ("right", right, [theirs for _, theirs in keys.pairs])
            )
        ]  # fmt: skip
        combined = combined_columns(left, right, keys, config.suffix)
        columns = {name: (tree.args["table"].name, tree.name) for name, tree in _plain(combined)}
        return _Made(sides[0], sides[1], columns, kinds, micros(before), micros(after), config.how == "left")


@dataclass(frozen=True)
class _Side:
    """One side: its rows in time, and how its columns are called in the state."""

    rows: Ordered
    prefix: str
    input: Relation
    on: tuple[tuple[str, str], ...]

    @property
    def state(self) -> list[str]:
        """The names of its columns in the state."""
        return [f"{self.prefix}{index}" for index in range(len(self.input.columns))]

    @property
    def types(self) -> dict[str, str]:
        """The types of its columns in the state."""
        return {name: self.input.types[column] for name, column in zip(self.state, self.input.columns, strict=True)}

    @property
    def cast_keys(self) -> str:
        """Its keys, in the type that both sides have."""
        return ", ".join(f"CAST({identifier(name)} AS {type}) AS __k{at}" for at, (name, type) in enumerate(self.on))

    def touched(self) -> Relation:
        """Return the keys of its rows."""
        text = f"SELECT {self.cast_keys} FROM {self.input.source('i').sql('duckdb')}"
        return relation(text, [f"__k{at}" for at in range(len(self.on))])

    def kept(self, column: str) -> str:
        """Return the name of a column in the state."""
        return self.state[self.input.columns.index(column)]


@dataclass(frozen=True)
class _Made:
    """The pieces of the queries; times are whole microseconds."""

    left: _Side
    right: _Side
    columns: Mapping[str, tuple[str, str]]
    key_types: list[str]
    before: int
    after: int
    outer: bool

    @property
    def keys(self) -> list[str]:
        """The names of the keys in the state."""
        return [f"__k{at}" for at in range(len(self.key_types))]

    @property
    def names(self) -> list[str]:
        """The columns of the result."""
        return list(self.columns)

    def side(self, side: _Side, kept: str | None) -> str:
        """Return the query of a side's rows, the kept ones and the new."""
        keys, columns = ", ".join(self.keys), ", ".join(side.state)
        given = ", ".join(f"{identifier(name)} AS {made}" for name, made in zip(side.input.columns, side.state, strict=True))
        made = f"SELECT {side.cast_keys}, {US}, FALSE AS __met, FALSE AS {OLD}, {given} FROM ({side.rows.text}) AS n"
        if kept is not None:
            made += f" UNION ALL SELECT {keys}, {US}, __met, TRUE AS {OLD}, {columns} FROM state WHERE {kept}"
        return f"SELECT {keys}, {US}, __met, {OLD}, row_number() OVER () AS __id, {columns} FROM ({made}) AS s"

    def pairs(self, lefts: str, rights: str) -> str:
        """Return the query of the pairs that were not there before."""
        sides = {"l": self.left, "r": self.right}
        given = ", ".join(f"{side}.{sides[side].kept(name)} AS {identifier(made)}" for made, (side, name) in self.columns.items())
        equal = " AND ".join(f"l.{key} = r.{key}" for key in self.keys)
        return f"""SELECT {given}, l.__id AS __id, make_timestamptz(greatest(l.{US}, r.{US})) AS _event_time
            FROM {lefts} AS l JOIN {rights} AS r ON {equal}
            AND r.{US} >= l.{US} - {self.before} AND r.{US} <= l.{US} + {self.after} WHERE NOT (l.{OLD} AND r.{OLD})"""

    def met(self, lefts: str, pairs: str) -> str:
        """Return the query of the left rows with whether they found one."""
        found = f"__met OR __id IN (SELECT __id FROM {pairs})" if self.outer else "TRUE"
        given = [*self.keys, US, f"{found} AS __met", OLD, "__id", *self.left.state]
        return f"SELECT {', '.join(given)} FROM {lefts} AS l"

    def shown(self, pairs: str, met: str, watermark: str | None) -> str:
        """Return the query of the result: pairs, and left rows that none can match any more."""
        names = listed(self.names)
        made = f"SELECT {names}, _event_time FROM {pairs} AS p"
        if not self.outer:
            return made
        alone = ", ".join(
            (self.left.kept(name) if side == "l" else "NULL") + f" AS {identifier(made)}"
            for made, (side, name) in self.columns.items()
        )
        over = "" if watermark is None else f" AND {US} + {self.after} < {watermark}"
        at = f"make_timestamptz({US} + {self.after + 1}) AS _event_time"
        return f"{made} UNION ALL SELECT {alone}, {at} FROM {met} AS m WHERE NOT __met{over}"

    def remaining(self, met: str, rights: str) -> str:
        """Return the query of the rows that may still be matched."""
        keys = ", ".join(self.keys)
        no_left, no_right = (", ".join(f"NULL AS {name}" for name in side.state) for side in (self.left, self.right))
        some = " AND ".join(f"{key} IS NOT NULL" for key in self.keys)
        lefts = f"""SELECT {keys}, TRUE AS __left, {US}, __met, {', '.join(self.left.state)}, {no_right},
            make_timestamptz({US} + {self.after + 1}) AS __due FROM {met} AS m
            WHERE ({WM} IS NULL OR {US} + {self.after} >= {WM}){'' if self.outer else f' AND {some}'}"""
        rights = f"""SELECT {keys}, FALSE AS __left, {US}, FALSE AS __met, {no_left}, {', '.join(self.right.state)},
            make_timestamptz({US} + {self.before + 1}) AS __due FROM {rights} AS r
            WHERE ({WM} IS NULL OR {US} + {self.before} >= {WM}) AND {some}"""
        return f"{lefts} UNION ALL {rights}"

    def late(self) -> Relation:
        """Return the rows of both sides that came too late."""
        parts: list[str] = []
        hidden = [name for name in METADATA if name not in self.names]
        merged = {mine: theirs for (mine, _), (theirs, _) in zip(self.left.on, self.right.on, strict=True)}
        for own, side in (("l", self.left), ("r", self.right)):
            given: list[str] = []
            for made, (of, name) in self.columns.items():
                source = name if of == own else merged.get(name) if own == "r" else None
                given.append(f"{identifier(source) if source else 'NULL'} AS {identifier(made)}")
            known = metadata(side.input)
            given += [identifier(name) if name in known else f"NULL AS {identifier(name)}" for name in hidden]
            late = visible(side.rows.late()).as_query().sql("duckdb")
            parts.append(f"SELECT {', '.join(given)} FROM ({late}) AS {own}")
        return replace(relation(" UNION ALL ".join(parts), self.names), hidden=tuple(hidden))


def _plain(columns: Mapping[str, exp.Expr]) -> Iterator[tuple[str, exp.Column]]:
    for name, tree in columns.items():
        assert isinstance(tree, exp.Column)
        yield name, tree


def _key_type(left: str, right: str) -> str | None:
    """Return the type in which keys of two types are compared, or None where they are of different kinds."""
    if left == right:
        return left
    if left in WHOLE and right in WHOLE:
        return "BIGINT"
    if family(left) != family(right):
        return None
    return {"number": "DOUBLE", "text": "VARCHAR"}.get(family(left))
