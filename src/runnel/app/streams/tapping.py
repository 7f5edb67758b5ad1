"""Looking into a running stream: the last rows of a port that is asked for, and charts over the last rows that reached them.

Who looks writes what they ask for, and until when, into a small file of the stream; its process reads the file with
every report. When nobody asks, nothing is taken, computed or sent but the few rows that charts keep.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from runnel.app.streams.holding import ANSWERS, Question, held_rows
from runnel.app.streams.leaving import LATE, LEFT_OUT, LeftOut
from runnel.app.writing import atomic_write
from runnel.engines.duckdb.oracle import quoted
from runnel.engines.duckdb.streaming import BatchRows, DuckStreamEngine, Refusals
from runnel.engines.duckdb.values import jsonable
from runnel.errors import EngineError
from runnel.plan.shapes import Segment
from runnel.plan.streams import StreamPlan
from runnel.runtime.stream.steps import StepRun
from runnel.sdk.chart import Chart
from runnel.sdk.relation import Relation

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.compiler.compile import Compiled

FILE = "asked.json"
PARTS = ("ports", "charts", "state")
MOST_SECONDS = 60
MOST_ASKED = 16
PORT_ROWS, CHART_ROWS, DRAWN_ROWS = 200, 5_000, 2_000
SMALL_BATCH, TAIL = 50, 2_000
TAP_SECONDS, CHART_SECONDS = 0.3, 0.5
LONGEST_TEXT = 2_000
EXACT = 2**53
CHART_VIEW = "rows of a chart"
INTERNAL = "_watermark"
"""What every row carries for the nodes behind it, and nobody drew."""
Emit = Callable[..., None]


@dataclass(frozen=True)
class ChartQuery:
    """How a chart is made of the rows that reach it: the query over "rows of a chart", and what draws its result."""

    sql: str
    spec: Mapping[str, Any]


def chart_queries(project: Project, compiled: Compiled) -> dict[str, ChartQuery]:
    """Return the queries of the charts of a stream, by node; one that has no settings of its own yet is left out."""
    made: dict[str, ChartQuery] = {}
    for effect in compiled.stream_plan().plan.effects:
        item = compiled.typed.get(effect.node)
        if item is None or not issubclass(item.node.node, Chart) or "data" not in item.schemas:
            continue
        kind = str(item.settled["kind"]) if item.settled else effect.kind
        config = item.settled["config"] if item.settled else effect.config
        node = project.catalog.get(kind)
        assert node is not None and issubclass(node, Chart)
        chart = node(node.Config.model_validate(config), {}, effect.node)
        related = chart.relate(Relation.table(CHART_VIEW, dict(effect.columns)))
        assert isinstance(related, Mapping)
        query = related["data"].as_query().sql(dialect="duckdb")
        spec = chart.specify(dict(item.schemas["data"])).model_dump(mode="json")
        made[effect.node] = ChartQuery(f"SELECT * FROM ({query}) LIMIT {DRAWN_ROWS}", spec)
    return made


def payload_of(queries: Mapping[str, ChartQuery]) -> dict[str, dict[str, Any]]:
    """Return the queries as JSON values, for the stream's process."""
    return {node: asdict(query) for node, query in queries.items()}


def ask_for(folder: Path, what: str, name: str, seconds: float, now: float | None = None) -> float:
    """Ask a stream for a port (`ports`, `node.port`), a chart (`charts`, node) or rows that it holds (`state`, a question)."""
    now = time.time() if now is None else now
    asked = read_asked(folder, now)
    until = now + min(max(seconds, 1.0), MOST_SECONDS)
    part = {**asked[what], name: max(until, asked[what].get(name, 0.0))}
    kept = dict(sorted(part.items(), key=lambda item: -item[1])[:MOST_ASKED])
    folder.mkdir(parents=True, exist_ok=True)
    atomic_write(folder / FILE, json.dumps({**asked, what: kept}))
    return until


def read_asked(folder: Path, now: float) -> dict[str, dict[str, float]]:
    """Return what is asked for still: name → until when, for `ports`, `charts` and `state`."""
    try:
        found = json.loads((folder / FILE).read_text("utf-8"))
        return {
            part: {str(name): float(until) for name, until in found.get(part, {}).items() if float(until) > now}
            for part in PARTS
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {part: {} for part in PARTS}


@dataclass
class TappedEngine(DuckStreamEngine):
    """The engine of a stream, which lets somebody look at a segment after it was computed."""

    look: Callable[[Segment, Mapping[str, pa.Table]], None] | None = None

    def segment(self, segment: Segment, tables: Mapping[str, pa.Table], refusals: Refusals) -> BatchRows:
        """Run a stateless segment, then let it be looked at."""
        made = super().segment(segment, tables, refusals)
        if self.look is not None:
            self.look(segment, tables)
        return made


@dataclass
class _Last:
    """The last rows that passed somewhere."""

    most: int
    tables: deque[pa.Table] = field(default_factory=deque)
    rows: int = 0
    fresh: int = 0
    at: float = 0.0

    def add(self, table: pa.Table) -> None:
        """Keep rows, and let the oldest go."""
        kept = table.slice(max(0, table.num_rows - self.most))
        self.tables.append(kept)
        self.rows += kept.num_rows
        self.fresh = min(self.most, self.fresh + kept.num_rows)
        while self.tables and self.rows - self.tables[0].num_rows >= self.most:
            self.rows -= self.tables.popleft().num_rows
        if len(self.tables) > 64:
            self.tables = deque([self.table()])

    def table(self) -> pa.Table:
        """Return the rows as one table."""
        return pa.concat_tables(self.tables).combine_chunks()


class Tapping:
    """What the process of a stream does for those who look into it; called by its loop alone."""

    def __init__(
        self, plan: StreamPlan, folder: Path, engine: TappedEngine, charts: Mapping[str, Mapping[str, Any]], emit: Emit,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.engine = engine
        self.emit = emit
        engine.look = self.look
        self.queries = {node: ChartQuery(**query) for node, query in charts.items()}
        self._charts: dict[str, list[tuple[str, list[str], _Last]]] = {}
        for effect in plan.plan.effects:
            if effect.node in self.queries:
                entry = (effect.node, list(effect.columns), _Last(CHART_ROWS))
                self._charts.setdefault(effect.segment, []).append(entry)
        self._named = {segment.id: f"{segment.node}.{segment.port}" for segment in plan.plan.segments}
        for step in plan.steps:
            for place, query in enumerate(step.emit):
                name = step.node if place == 0 else f"{step.node}__{query.name}"
                self._named[name] = f"{step.node}.{query.name}"
            self._named.setdefault(f"{step.node}__{LATE}", f"{step.node}.{LATE}")
        self.steps: Callable[[], Mapping[str, StepRun]] = dict
        self._left = LeftOut(plan)
        self._left_texts: dict[tuple[str, str], str] = {}
        self._late: dict[str, _Last] = {}
        self._answered: set[str] = set()
        self._inner = {
            segment.id: {f"{cte.node}.{cte.port}": cte.name for cte in segment.ctes[:-1]}
            for segment in plan.plan.segments
        }
        self._asked: dict[str, dict[str, float]] = {part: {} for part in PARTS}
        self._ports: dict[str, _Last] = {}
        self._read = (0, 0)

    def tap(self, name: str, rows: pa.Table) -> None:
        """Keep rows that leave a segment or a step, where a chart reads them or somebody asked."""
        for _, columns, last in self._charts.get(name, ()):
            last.add(rows.select(columns))
        port = self._named.get(name)
        if port is not None and port.endswith(f".{LATE}"):  # these are few, and gone when somebody begins to look
            self._late.setdefault(port, _Last(PORT_ROWS)).add(rows)
        elif port in self._asked["ports"]:
            self._ports.setdefault(port, _Last(PORT_ROWS)).add(rows)

    def look(self, segment: Segment, tables: Mapping[str, pa.Table]) -> None:
        """Take rows from within a segment where somebody asked; of large batches their end, a few times a second."""
        if not self._asked["ports"]:
            return
        inner = {port: _text_to(segment, name) for port, name in self._inner[segment.id].items() if port in self._asked["ports"]}
        inner |= self._left_out(segment, tables)
        for port, text in inner.items():
            last = self._ports.setdefault(port, _Last(PORT_ROWS))
            now = time.monotonic()
            if sum(table.num_rows for table in tables.values()) > SMALL_BATCH and now - last.at < TAP_SECONDS:
                continue
            last.at = now
            tails = {view: table.slice(max(0, table.num_rows - TAIL)) for view, table in tables.items()}
            try:
                rows = self.engine.query(text, tails)
            except EngineError as error:
                self.emit("rows", **_place(port), columns=[], rows=[], trouble=error.to_json())
                continue
            if rows.num_rows:
                last.add(rows)

    def _left_out(self, segment: Segment, tables: Mapping[str, pa.Table]) -> dict[str, str]:
        asked = [port for port in self._asked["ports"] if port.endswith(f".{LEFT_OUT}")]
        fresh = [port for port in asked if (segment.id, port) not in self._left_texts]
        if fresh:
            none = {view: table.slice(0, 0) for view, table in tables.items()}
            made = self._left.queries(segment, fresh, lambda text: self.engine.query(text, none).column_names)
            self._left_texts |= {(segment.id, port): made.get(port, "") for port in fresh}
        found = {port: self._left_texts[(segment.id, port)] for port in asked}
        return {port: text for port, text in found.items() if text}

    def report(self) -> None:
        """Send what is asked for; called with every report."""
        now = time.time()
        self._reread(now)
        for port in list(self._ports):
            if port not in self._asked["ports"]:
                del self._ports[port]
        late = {port: last for port, last in self._late.items() if port in self._asked["ports"]}
        for port, last in (*self._ports.items(), *late.items()):
            if last.fresh:
                whole = last.fresh == last.rows
                fresh = last.table().slice(max(0, last.rows - last.fresh))
                if INTERNAL in fresh.column_names:
                    fresh = fresh.drop_columns([INTERNAL])
                last.fresh = 0
                columns, rows = self._values(fresh)
                self.emit("rows", **_place(port), columns=columns, rows=rows, whole=whole)
        self._answer()
        for entries in self._charts.values():
            for node, _, last in entries:
                if node in self._asked["charts"] and last.fresh and time.monotonic() - last.at >= CHART_SECONDS:
                    last.at, last.fresh = time.monotonic(), 0
                    self._draw(node, last)

    def _answer(self) -> None:
        """Write what is asked for of states, each question once, where who asked reads it."""
        self._answered &= self._asked["state"].keys()
        for question in self._asked["state"].keys() - self._answered:
            self._answered.add(question)
            asked = Question.from_json(question)
            try:
                found = held_rows(self.steps().get(asked.node), asked)
                columns, rows = self._values(found.pop("rows"))
                answer = {**found, "columns": columns, "rows": rows}
            except Exception as error:  # noqa: BLE001 - a look never ends the stream
                answer = {"node": asked.node, "trouble": str(error)}
            self._tell(asked, answer)

    def _tell(self, asked: Question, answer: Mapping[str, Any]) -> None:
        """Put an answer where it is looked for; a disk that takes none does not end the stream: who asked waits in vain."""
        folder = self.folder / ANSWERS
        part = folder / f".{asked.id}"
        try:
            folder.mkdir(exist_ok=True)
            part.write_text(json.dumps(answer), "utf-8")
            os.replace(part, folder / f"{asked.id}.json")
        except OSError as error:
            sys.stderr.write(f"a look into the state of {asked.node} could not be answered: {error}\n")

    def _draw(self, node: str, last: _Last) -> None:
        query = self.queries[node]
        try:
            drawn = self.engine.query(query.sql, {CHART_VIEW: last.table()})
        except EngineError as error:
            self.emit("chart", node=node, spec=query.spec, columns=[], rows=[], trouble=error.to_json())
            return
        columns, rows = self._values(drawn, all_digits=False)
        names = [column["name"] for column in columns]
        self.emit("chart", node=node, spec=query.spec, columns=names, rows=rows, of_rows=last.rows, at=time.time())

    def _reread(self, now: float) -> None:
        """Read the file again where it changed, and forget what nobody asks for any more."""
        try:
            found = (self.folder / FILE).stat()
            seen = (found.st_mtime_ns, found.st_ino)
        except OSError:
            seen = (0, 0)
        if seen != self._read:
            self._read, self._asked = seen, read_asked(self.folder, now)
            for entries in self._charts.values():
                for node, _, last in entries:  # who asks gets what there is, and not the next change alone
                    last.fresh = last.fresh or (last.rows if node in self._asked["charts"] else 0)
            for port, last in self._late.items():
                last.fresh = last.rows if port in self._asked["ports"] else 0
        self._asked = {
            part: {name: until for name, until in names.items() if until > now} for part, names in self._asked.items()
        }

    def _values(self, table: pa.Table, all_digits: bool = True) -> tuple[list[dict[str, str]], list[list[Any]]]:
        """Return columns with their types, and rows as JSON values; `all_digits` keeps them, as text where JSON has no room."""
        if not table.column_names:
            return [], []
        relation = self.engine.connection.from_arrow(table)
        columns = [
            {"name": name, "type": str(type)} for name, type in zip(relation.columns, relation.types, strict=True)
        ]
        cell = exact if all_digits else _plain
        return columns, [[cell(value) for value in row] for row in relation.fetchall()]


def _text_to(segment: Segment, name: str) -> str:
    """Return the query of one of a segment's steps."""
    steps: list[str] = []
    for cte in segment.ctes:
        steps.append(f"{quoted(cte.name)} AS ({cte.sql})")
        if cte.name == name:
            break
    return f"WITH {', '.join(steps)} SELECT * FROM {quoted(name)}"


def _place(port: str) -> dict[str, str]:
    node, _, name = port.rpartition(".")
    return {"node": node, "port": name}


def exact(value: Any) -> Any:
    """Return a value as JSON has it, every digit kept: as text where JSON has no room."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): exact(part) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return [exact(part) for part in value]
    made = jsonable(value)
    return made[:LONGEST_TEXT] if isinstance(made, str) else made


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else exact(value)
