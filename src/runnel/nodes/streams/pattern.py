"""Find sequences of events: complex event processing."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict
from sqlglot import exp

from runnel.nodes.streams.ordering import (
    OLD,
    PLACE,
    SEQ,
    US,
    WM,
    WM_BEFORE,
    Ordered,
    name_findings,
    time_field,
    time_findings,
    visible,
)
from runnel.nodes.streams.timing import is_zoned, micros, moment
from runnel.sdk import Column, Columns, Example, ExpressionMark, Finding, GuardedConfig, Ledger, Relation, Where, field
from runnel.sdk.names import nearest_column, resolve_column
from runnel.sdk.stateful import Keyed, StatefulNode, identifier, listed, relation

FIRST, LAST = "first_time", "last_time"
KNOWN, MATCHES = "step:known", "step:matches"
MOST = 20


class PatternStep(BaseModel):
    """One step: a row for which `where` is true, so many times; or, absent, no such row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = field(title="Name", help="Names the step in `columns`.", pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    where: str = field(title="Condition", help="When a row is this step, e.g. `kind = 'login'`.")
    times: int = field(1, title="Times", ge=1, le=MOST, help="So many such rows, one after the other.")
    absent: bool = field(False, title="Does not come", help="No such row: up to the next step, or till the time is over.")


class Pattern(StatefulNode):
    """Finds rows of the same key that follow each other as the steps say, all `within_seconds` of the first one.

    Each step takes the first row after that of the step before for which its condition is true; rows between that are no
    step do not matter. A step that is `absent` must not come between its neighbours; as the last one, not until the time
    is over: the match then leaves when the watermark has passed that moment. With `skip: past_last` a match begins only
    after the last row of the match before; with `none` every row that can begin a match does. Over bounded rows the
    matches are the same, so that a pattern can be tried on the past. What is kept of a key: rows of steps that are not
    older than `within_seconds`, from the first that may begin a match.
    """

    kind = "stream.pattern"
    title = "Pattern"
    summary = "Find sequences of events per key, also those in which something does not come"
    icon = "workflow"
    synonyms = ("cep", "complex event processing", "sequence", "followed by", "fraud", "detect", "match recognize", "absence")
    ledger = Ledger.ABSORBED
    sequenced = True
    outputs = ("output", "late")

    class Config(GuardedConfig):
        """Settings of the sequence."""

        keys: Columns = field(default_factory=list, title="Keys", widget="columns",
                              help="All rows of a match have equal values here, e.g. a card.")  # fmt: skip
        steps: Annotated[list[PatternStep], ExpressionMark(condition=True, key="where")] = field(
            title="Steps", min_length=1, max_length=MOST, help="In the order in which they come.")  # fmt: skip
        within_seconds: float = field(title="Within", unit="seconds", gt=0, help="From the first row to the last.")
        columns: dict[str, str] = field(default_factory=dict, title="Columns", widget="mapping",
                                        help="Name: `step.column`; of a step with several rows the last one's.")  # fmt: skip
        skip: Literal["past_last", "none"] = field("past_last", title="After a match", widget="choice",
                                                   help="Go on behind its last row, or let matches overlap.")  # fmt: skip
        time: Column = time_field()

    examples = (
        Example(
            "A small payment, then a large one",
            {"time": "at", "keys": ["card"], "within_seconds": 60, "columns": {"probe": "small.v", "amount": "large.v"},
             "steps": [{"name": "small", "where": "v < 2"}, {"name": "large", "where": "v > 500"}]},
            {"input": [{"at": "2026-01-01 00:00:09", "card": 1, "v": 900}, {"at": "2026-01-01 00:00:01", "card": 1, "v": 1},
                       {"at": "2026-01-01 00:00:05", "card": 1, "v": 40}, {"at": "2026-01-01 00:00:06", "card": 2, "v": 700}]},
            {"output": [{"card": 1, "first_time": "2026-01-01T00:00:01", "last_time": "2026-01-01T00:00:09",
                         "probe": 1, "amount": 900}]},
            {"input": {"at": "TIMESTAMP", "card": "INTEGER", "v": "INTEGER"}},
        ),
        Example(
            "An order that is not paid",
            {"time": "at", "keys": ["id"], "within_seconds": 10,
             "steps": [{"name": "ordered", "where": "kind = 'order'"},
                       {"name": "paid", "where": "kind = 'pay'", "absent": True}]},
            {"input": [{"at": "2026-01-01 00:00:01", "id": 1, "kind": "order"},
                       {"at": "2026-01-01 00:00:02", "id": 2, "kind": "order"},
                       {"at": "2026-01-01 00:00:05", "id": 2, "kind": "pay"}]},
            {"output": [{"id": 1, "first_time": "2026-01-01T00:00:01", "last_time": "2026-01-01T00:00:01"}]},
            {"input": {"at": "TIMESTAMP", "id": "INTEGER", "kind": "VARCHAR"}},
        ),
    )  # fmt: skip

    def clocked(self, input: str) -> str:
        """Rows are in time by the column that the config names."""
        return self.bound["time"]

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say the sequence."""
        words = [("no " if step.absent else f"{step.times} × " if step.times > 1 else "") + step.name for step in config.steps]
        return f"{', then '.join(words)} within {config.within_seconds:g} s"

    def check(self, inputs: Mapping[str, Relation]) -> Iterator[Finding]:
        """Report steps that fit no sequence, columns of unknown steps, and names used twice."""
        config, input = self.config, inputs["input"]
        yield from time_findings(self, input)
        steps = {step.name: step for step in config.steps}
        if len(steps) < len(config.steps):
            yield Finding("RNL-CONFIG-002", "error", "two steps have the same name", "Give each its own.", Where(field="steps"))
        if config.steps[0].absent:
            what = f"the first step, {config.steps[0].name}, is absent: nothing would begin a match"
            yield Finding("RNL-CONFIG-002", "error", what, "Begin with a row that comes.", Where(field="steps.0"))
        for index, (step, after) in enumerate(zip(config.steps, config.steps[1:], strict=False)):
            if step.absent and after.absent:
                what, hint = f"{step.name} and {after.name} are both absent", f"Write `({step.where}) OR ({after.where})`."
                yield Finding("RNL-CONFIG-002", "error", what, hint, Where(field=f"steps.{index + 1}"))
        named = [(name, f"columns.{name}") for name in config.columns]
        yield from name_findings(named, [FIRST, LAST, *self.bound.get("keys", [])])
        for name, place in config.columns.items():
            yield from self._place_findings(name, place, steps, input)

    def _place_findings(self, name: str, place: str, steps: Mapping[str, PatternStep], input: Relation) -> Iterator[Finding]:
        step, _, wanted = place.partition(".")
        where = Where(field=f"columns.{name}")
        if step not in steps or not wanted:
            shown = ", ".join(name for name, found in steps.items() if not found.absent)
            what, hint = f"`{place}` names no column of a step", f"Write `step.column`; steps: {shown}."
            yield Finding("RNL-CONFIG-002", "error", what, hint, where)
        elif steps[step].absent:
            what = f"`{place}`: the step {step} is absent and has no row"
            yield Finding("RNL-CONFIG-002", "error", what, "Name another step.", where)
        elif resolve_column(input, wanted) is None:
            yield nearest_column(input, wanted, where)

    def relate(self, input: Relation) -> dict[str, Relation]:
        """Find the matches among all rows."""
        made = self._made(input)
        text = f"""WITH known AS ({made.known(None)}), matches AS ({made.matches('known', False)})
            SELECT {made.shown} FROM matches AS m"""
        found = relation(text, made.names, **made.trees)
        return {"output": replace(found, hidden=("_event_time",)), "late": made.rows.late()}

    def behave(self, input: Relation) -> Keyed:
        """Keep the rows of each key that may become part of a match."""
        made = self._made(input)
        flags = list(made.rows.extras)
        kept = list(dict.fromkeys([*made.rows.keys, US, *PLACE, *flags, *made.used]))
        types = made.rows.kept_types(dict.fromkeys(flags, "BOOLEAN") | {name: input.types[name] for name in made.used})
        return Keyed(
            keys=tuple(made.rows.keys), touched={"input": made.rows.touched()},
            steps={
                KNOWN: relation(made.known([*flags, *made.used]), [*kept, OLD, SEQ], **made.trees),
                MATCHES: relation(made.matches(identifier(KNOWN), True), [*made.kept_names, "__end"]),
            },
            absorb=relation(made.remaining(kept), [*kept, "__due"]),
            emit={"output": relation(f'SELECT {made.shown} FROM "{MATCHES}" AS m', [*made.names, "_event_time"]),
                  "late": visible(made.rows.late())},
            types={**types, "__due": "TIMESTAMP WITH TIME ZONE"}, due="__due",
        )  # fmt: skip

    def _made(self, input: Relation) -> _Made:
        trees = {f"c{index}": tree for index, tree in enumerate(self.bound["steps"])}
        flags = {f"__c{index}": f"coalesce(:c{index}, FALSE)" for index in range(len(trees))}
        rows = Ordered.of(self, input, self.bound["keys"], flags)
        places = {name: place.partition(".") for name, place in self.config.columns.items()}
        columns = {name: (step, resolve_column(input, wanted) or wanted) for name, (step, _, wanted) in places.items()}
        known = {*rows.keys, *PLACE, US}
        used = [name for name in dict.fromkeys(wanted for _, wanted in columns.values()) if name not in known]
        rows = replace(rows, needed=frozenset((*used, *PLACE)))
        return _Made(rows, self.config.steps, micros(self.config.within_seconds), columns, used,
                     self.config.skip == "past_last", is_zoned(input, rows.time), trees)  # fmt: skip


@dataclass(frozen=True)
class _Made:
    """The pieces of the queries; times are whole microseconds.

    `known` are rows that are a step, numbered over all keys; of each row it is known which row of each step comes next in
    its key. A match is then a chain of such pointers, a join by number for each row of it.
    """

    rows: Ordered
    steps: list[PatternStep]
    within: int
    columns: Mapping[str, tuple[str, str]]
    used: list[str]
    past_last: bool
    zoned: bool
    trees: Mapping[str, exp.Expr]

    @property
    def chain(self) -> list[int]:
        """The step of each row of a match."""
        return [index for index, step in enumerate(self.steps) if not step.absent for _ in range(step.times)]

    @property
    def waits(self) -> bool:
        """Whether the match is decided when the time is over."""
        return self.steps[-1].absent

    @property
    def names(self) -> list[str]:
        """The columns of the result."""
        return [*self.rows.named, FIRST, LAST, *self.columns]

    @property
    def kept_names(self) -> list[str]:
        """What `matches` gives besides the number of the last row."""
        return [*self.rows.keys, "__first_us", "__last_us", *self.columns]

    @property
    def shown(self) -> str:
        """The columns of the result, of a match."""
        times = f"{moment('__first_us', self.zoned)} AS {FIRST}, {moment('__last_us', self.zoned)} AS {LAST}"
        at = f"__first_us + {self.within + 1}" if self.waits else "__last_us"
        shown = [*map(identifier, self.rows.named), times, *map(identifier, self.columns)]
        return f"{', '.join(shown)}, make_timestamptz({at}) AS _event_time"

    def known(self, kept: list[str] | None) -> str:
        """Return the query of the rows that are a step, of the kept ones and of the new, in their order."""
        columns = listed(list(dict.fromkeys([*self.rows.keys, US, *PLACE, *self.rows.extras, *self.used])))
        some = " OR ".join(map(identifier, self.rows.extras))
        number = f"row_number() OVER (ORDER BY {listed(self.rows.keys)}, {SEQ}) AS {SEQ}"
        return f"SELECT {columns}, {OLD}, {number} FROM ({self.rows.with_earlier(kept)}) AS w WHERE {some}"

    def matches(self, table: str, stateful: bool) -> str:
        """Return the query of the matches that are decided now."""
        over = f"OVER (PARTITION BY {listed(self.rows.keys)} ORDER BY {SEQ} ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)"
        steps = range(len(self.steps))
        following = ", ".join(f"min(CASE WHEN __c{step} THEN {SEQ} END) {over} AS __n{step}" for step in steps)
        columns = listed(list(dict.fromkeys([*self.rows.keys, US, *self.used, "__c0"])))
        pointers = f"SELECT {columns}, {OLD}, {SEQ}, {following} FROM {table} AS k"
        chain = self.chain
        last = len(chain) - 1
        joins = "".join(f" JOIN pointers AS r{at} ON r{at}.{SEQ} = r{at - 1}.__n{chain[at]}" for at in range(1, last + 1))
        conditions = ["r0.__c0", f"r{last}.{US} - r0.{US} <= {self.within}", *self._absences(chain)]
        if self.waits:
            joins += f" LEFT JOIN pointers AS no ON no.{SEQ} = r{last}.__n{len(self.steps) - 1}"
            over_at = f"r0.{US} + {self.within}"
            conditions.append(f"(no.{US} IS NULL OR no.{US} > {over_at})")
            if stateful:
                conditions += [f"{over_at} < {WM}", f"({WM_BEFORE} IS NULL OR {over_at} >= {WM_BEFORE})"]
        elif stateful:
            conditions.append(f"NOT r{last}.{OLD}")
        given = [f"r0.{identifier(key)}" for key in self.rows.keys]
        given += [f"r0.{US} AS __first_us", f"r{last}.{US} AS __last_us", *self._taken(chain)]
        found = f"""SELECT {', '.join(given)}, r0.{SEQ} AS __begin, r{last}.{SEQ} AS __end
            FROM pointers AS r0{joins} WHERE {' AND '.join(conditions)}"""
        names = listed([*self.kept_names, "__end"])
        if not self.past_last:
            return f"WITH pointers AS ({pointers}) SELECT {names} FROM ({found}) AS f"
        return f"WITH pointers AS ({pointers}), found AS ({found}) {self._not_overlapping(names)}"

    def _not_overlapping(self, names: str) -> str:
        """Return the query of the found matches that begin after the last row of the one before, key by key."""
        keys = listed(self.rows.keys)
        pick = """list_reduce(list([__begin, -__end] ORDER BY __begin),
            lambda acc, x: CASE WHEN x[1] > -acc[-1] THEN list_concat(acc, x) ELSE acc END)"""
        same = " AND ".join(f"f.{identifier(key)} IS NOT DISTINCT FROM p.{identifier(key)}" for key in self.rows.keys)
        given = ", ".join(f"f.{part.strip()}" for part in names.split(", "))
        return f"""SELECT {given} FROM found AS f JOIN (SELECT {keys}, {pick} AS picked FROM found GROUP BY {keys}) AS p
            ON {same} WHERE list_contains(p.picked, f.__begin)"""

    def _absences(self, chain: list[int]) -> list[str]:
        """Return the conditions that steps between do not come."""
        found: list[str] = []
        for index, step in enumerate(self.steps[:-1]):
            if step.absent:
                before = max(at for at, of in enumerate(chain) if of < index)
                found.append(f"(r{before}.__n{index} IS NULL OR r{before}.__n{index} > r{before + 1}.{SEQ})")
        return found

    def _taken(self, chain: list[int]) -> list[str]:
        """Return the columns of steps that the result has."""
        order = {step.name: index for index, step in enumerate(self.steps)}
        found: list[str] = []
        for name, (step, wanted) in self.columns.items():
            at = max(at for at, of in enumerate(chain) if of == order[step])
            found.append(f"r{at}.{identifier(wanted)} AS {identifier(name)}")
        return found

    def remaining(self, kept: list[str]) -> str:
        """Return the query of the rows that may become part of a match, each beginning one with its end."""
        keys = listed(self.rows.keys)
        columns = listed(kept)
        begins = f"__c0 AND ({WM} IS NULL OR {US} + {self.within} >= {WM})"
        source = f'SELECT {columns}, {SEQ} FROM "{KNOWN}"'
        if self.past_last:
            same = " AND ".join(f"k.{identifier(key)} IS NOT DISTINCT FROM d.{identifier(key)}" for key in self.rows.keys)
            ends = f'SELECT {keys}, max(__end) AS __done FROM "{MATCHES}" GROUP BY {keys}'
            source = f"""SELECT {listed(kept, 'k')}, k.{SEQ} FROM "{KNOWN}" AS k LEFT JOIN ({ends}) AS d ON {same}
                WHERE d.__done IS NULL OR k.{SEQ} > d.__done"""
        first = f"min(CASE WHEN {begins} THEN {SEQ} END) OVER (PARTITION BY {keys}) AS __live"
        due = f"CASE WHEN {begins} THEN make_timestamptz({US} + {self.within + 1}) END AS __due"
        return f"SELECT {columns}, {due} FROM (SELECT {columns}, {SEQ}, {first} FROM ({source}) AS s) AS l WHERE {SEQ} >= __live"



