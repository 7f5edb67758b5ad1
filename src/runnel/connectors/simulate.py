"""Events that are made up as they come: at a rate, always the same ones for one seed, each at a known position."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from runnel.connectors.generate import parse
from runnel.errors import AuthoringError
from runnel.sdk import Connection, DeadLetters, Example, Opened, Probe, field
from runnel.sdk.streaming import Position, Reader, Records, StreamConfig, StreamContext, StreamSource

SHOWN = 1000
LONGEST_WAIT_SECONDS = 0.05
PACE_SECONDS = 0.03


class SimulateSource(StreamSource):
    """Gives events without end (or up to a number), spread over partitions: the n-th event is always the same.

    Event times begin at `start` and go on by one interval each, so that reading again gives the same times.
    """

    kind = "source.simulate"
    title = "Simulated events"
    summary = "Made-up events at a rate, the same ones for the same seed"
    icon = "activity"
    synonyms = ("generator", "ticks", "fake stream", "test events", "load", "rate", "stream")

    class Config(StreamConfig):
        """How many events how often, and what stands in their columns."""

        columns: dict[str, str] = field(
            title="Columns", min_length=1, widget="mapping",
            help="Name: generator, such as sequence, integer(1,100), number(0,1), choice(a,b), name, uuid; "
                 "`null 0.1` behind it for NULLs.",
        )  # fmt: skip
        rate_per_second: float | None = field(10.0, title="Events per second", gt=0, le=10_000_000,
                                              help="Left open: as fast as they can be made.")  # fmt: skip
        events: int | None = field(None, title="Events", ge=0, unit="rows", help="How many in all; left open: no end.")
        partitions: int = field(1, title="Partitions", ge=1, le=1024, advanced=True)
        seed: int = field(1, title="Seed", help="Another seed gives other events.", advanced=True)
        start: str | None = field(None, title="First event time", advanced=True,
                                  help="Such as 2026-01-01T00:00:00Z; left open: when the stream first starts.")  # fmt: skip
        interval_seconds: float | None = field(None, title="Between two event times", gt=0, unit="seconds", advanced=True,
                                               help="Left open: as the rate says.")  # fmt: skip
        disorder_seconds: float = field(0.0, title="Disorder", ge=0, unit="seconds", advanced=True,
                                        help="Each event is up to so much older than its place says.")  # fmt: skip

    examples = (
        Example("Three events", {"events": 3, "rate_per_second": None, "columns": {"id": "sequence"}}, {},
                {"output": [{"id": 1}, {"id": 2}, {"id": 3}]}),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say how many and what."""
        rate = f"{config.rate_per_second:g} a second" if config.rate_per_second else "as fast as it goes"
        return f"{rate}: {', '.join(config.columns)}"

    def identity(self, folder: str) -> str:
        """Change with the config."""
        return hashlib.sha256(self.config.model_dump_json().encode("utf-8", "surrogatepass")).hexdigest()

    def probe(self, connection: Connection, folder: str) -> Probe:
        """Read the types off the generators and try one row."""
        import duckdb

        made = {name: parse(name, text) for name, text in self.config.columns.items()}
        if self.config.start is not None:
            self._start()
        try:
            connection.execute(f"SELECT * FROM ({self._sql('range(1)', list(made))})").fetchall()
        except duckdb.Error as error:
            what = f"{self.id}: {str(error).splitlines()[0]}"
            raise AuthoringError("RNL-GENERATE-002", what, "Look at the limits of the generators.",
                                 {"field": "columns"}) from error  # fmt: skip
        return Probe({name: one.type for name, one in made.items()}, {}, self.identity(folder))

    def open(self, connection: Connection, probe: Probe, columns: Mapping[str, str], letters: DeadLetters) -> Opened:
        """Return the first events, for a preview."""
        rows = SHOWN if self.config.events is None else min(SHOWN, self.config.events)
        start = self._start() if self.config.start else int(time.time()) * 1_000_000
        names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns) or "1"
        return Opened(f"(SELECT {names} FROM ({self._whole(f'range({rows})', list(probe.columns), start)}))", rows)

    def reader(self, context: StreamContext, probe: Probe) -> Reader:
        """Return what makes the events."""
        return SimulatedReader(self, context)

    def _start(self) -> int:
        """Return the first event time in microseconds; raises AuthoringError."""
        try:
            found = datetime.fromisoformat(str(self.config.start))
        except ValueError as error:
            what = f"{self.config.start} is not a time"
            raise AuthoringError("RNL-CONFIG-002", what, "Such as 2026-01-01T00:00:00Z.", {"field": "start"}) from error
        return int(found.replace(tzinfo=found.tzinfo or UTC).timestamp() * 1_000_000)

    @property
    def _interval(self) -> int:
        config = self.config
        seconds = config.interval_seconds or (1 / config.rate_per_second if config.rate_per_second else 0.001)
        return max(1, round(seconds * 1_000_000))

    def _sql(self, source: str, names: Sequence[str]) -> str:
        """Return the query of columns over the numbers that `source` gives in its column `range`."""
        parts: list[str] = []
        for name in names:
            one = parse(name, self.config.columns[name])
            text = f"{self.config.seed}:{name}".encode("utf-8", "surrogatepass")
            key = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
            value = one.sql.replace("{h}", f"hash(n, {key}::UBIGINT)").replace("{n}", "n")
            parts.append(f'{value} AS "{name.replace(chr(34), chr(34) * 2)}"')
        return f"SELECT n, {', '.join(parts) or '1'} FROM (SELECT range AS n FROM {source})"

    def _whole(self, source: str, names: Sequence[str], start: int) -> str:
        """Return the columns with their metadata columns."""
        jitter = round(self.config.disorder_seconds * 1_000_000)
        back = f" - (hash(n, 1217::UBIGINT) % {jitter + 1})::BIGINT" if jitter else ""
        many = self.config.partitions
        quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
        return (
            f"SELECT {quoted}, make_timestamptz({start} + n * {self._interval}{back}) AS _event_time, "
            f"make_timestamptz({start} + n * {self._interval}) AS _ingest_time, NULL::TIMESTAMPTZ AS _watermark, "
            f"'{self.id}' AS _source, (n % {many})::VARCHAR AS _partition, (n // {many})::BIGINT AS _position, "
            f"NULL::VARCHAR AS _key, NULL::MAP(VARCHAR, VARCHAR) AS _headers FROM ({self._sql(source, names)})"
        )


class SimulatedReader:
    """Makes events from positions; what is there grows with the clock."""

    def __init__(self, source: SimulateSource, context: StreamContext) -> None:
        import duckdb

        self.source = source
        self.config: Any = source.config
        self.mine = [str(number) for number in range(self.config.partitions) if context.mine(str(number))]
        self.positions: dict[str, Position] = {}
        self.paused: frozenset[str] = frozenset()
        self.connection = duckdb.connect(":memory:", config={"threads": "1", "enable_external_access": "false"})
        self.connection.execute("SET TimeZone = 'UTC'")
        self.start = 0
        self._looked = 0.0

    def partitions(self) -> Sequence[str]:
        """Return the numbers of the partitions."""
        return self.mine

    def open(self, positions: Mapping[str, Position | None]) -> None:
        """Begin where told; the first start of all decides the first event time, which positions then carry."""
        known = [at.detail["start"] for at in positions.values() if at is not None and "start" in at.detail]
        if not self.start:
            given = self.source._start() if self.config.start else int(time.time() * 1_000_000)
            self.start = int(known[0]) if known else given
        first = Position(0, {"start": self.start})
        self.positions = {name: at or first for name, at in positions.items()}

    def _ready(self) -> int:
        """Return how many events there are by now, over all partitions."""
        rate, most = self.config.rate_per_second, self.config.events
        if rate is None:
            return most if most is not None else 2**62
        begun = self.start if self.config.start is None else self._begun()
        there = max(0, int((time.time() - begun / 1_000_000) * rate))
        return there if most is None else min(there, most)

    def _begun(self) -> int:
        """Return when the stream began by the clock, for event times that begin at another time."""
        detail = next(iter(self.positions.values())).detail
        return int(detail.get("begun") or self._note_begun())

    def _note_begun(self) -> int:
        begun = int(time.time() * 1_000_000)
        self.positions = {
            name: Position(at.next, {**at.detail, "begun": begun}) for name, at in self.positions.items()
        }  # fmt: skip
        return begun

    def ends(self) -> Mapping[str, int]:
        """Return how many events each partition has by now; without rate and number there is no end to catch up with."""
        ready = self._ready()
        return {name: self._of(int(name), min(ready, 2**62)) for name in self.positions}

    def _of(self, partition: int, ready: int) -> int:
        return max(0, (ready - partition + self.config.partitions - 1) // self.config.partitions)

    def poll(self, most_bytes: int, most_records: int, wait_seconds: float) -> Sequence[Records]:
        """Make the events that are due."""
        self._rest(wait_seconds)
        ready = self._ready()
        share = max(1, most_records // max(1, len(self.positions)))
        made: list[Records] = []
        for name, at in self.positions.items():
            end = min(self._of(int(name), ready), at.next + share)
            if name in self.paused or end <= at.next:
                continue
            made.append(self._records(name, at, end))
        if made:
            return made
        time.sleep(min(wait_seconds, LONGEST_WAIT_SECONDS))
        ends = self.ends()
        return [
            Records(name, self._table("0", "(SELECT 0 AS range LIMIT 0)"), at, at_end=True)
            for name, at in self.positions.items() if name not in self.paused and at.next >= ends[name]
        ]  # fmt: skip

    def _rest(self, wait_seconds: float) -> None:
        """Let some more events become due: each look at the clock costs a query, whether for one event or a thousand."""
        if self.config.rate_per_second is not None:
            time.sleep(max(0.0, min(wait_seconds, self._looked + PACE_SECONDS - time.monotonic())))
        self._looked = time.monotonic()

    def _records(self, name: str, at: Position, end: int) -> Records:
        many = self.config.partitions
        numbers = f"(SELECT range * {many} + {int(name)} AS range FROM range({at.next}, {end}))"
        table = self._table(name, numbers)
        position = Position(end, at.detail)
        self.positions[name] = position
        return Records(name, table, position, bytes=table.nbytes)

    def _table(self, name: str, numbers: str) -> Any:
        query = self.source._whole(numbers, list(self.config.columns), self.start)
        return self.connection.sql(query).to_arrow_table().drop_columns(["_watermark"])

    def pause(self, partitions: Sequence[str]) -> None:
        """Make no events of these partitions."""
        self.paused = frozenset(partitions)

    def release(self, positions: Mapping[str, Position]) -> None:
        """Events are made, not kept: nothing is to be released."""

    def close(self) -> None:
        """Give the connection back."""
        self.connection.close()
