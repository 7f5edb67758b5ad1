"""The near end of a stream whose reading several processes share: asks each for what it has, and puts that together."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from runnel.errors import EngineError, RunnelError
from runnel.runtime.stream.channel import Channel, Message
from runnel.runtime.stream.clocks import PartitionClock
from runnel.runtime.stream.dividing import divide
from runnel.runtime.stream.held import Tables, tables_to_json
from runnel.runtime.stream.intake import Intake, Taken
from runnel.runtime.stream.lane import ABSORBED, LETTERS, PORT, VIEW
from runnel.runtime.stream.sources import Seen
from runnel.runtime.stream.spending import summed
from runnel.sdk.streaming import Position, Records

ENDED = "RNL-STREAM-060"
ANSWER_SECONDS = 600.0


class FarLane:
    """One lane as seen from here: a thread hears it, so that it can say at any time that something arrived."""

    def __init__(self, number: int, channel: Channel, unpack: Callable[[object], RunnelError]) -> None:
        self.number = number
        self.channel = channel
        self.waiting = False
        self.gone = False
        self.standing: Mapping[str, Any] = {}
        self._unpack = unpack
        self._answers: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def listen(self, signal: threading.Event) -> None:
        """Begin to hear the lane; `signal` is set when it has something, or is gone."""
        self._thread = threading.Thread(target=self._listen, args=(signal,), name=f"lane {self.number}", daemon=True)
        self._thread.start()

    def _listen(self, signal: threading.Event) -> None:
        try:
            while True:
                message = self.channel.receive()
                if "arrived" in message.said:
                    self.waiting = True
                    signal.set()
                else:
                    self._answers.put(message)
        except (EOFError, OSError):
            self.gone = True
            self._answers.put(None)
            signal.set()

    def say(self, message: Mapping[str, Any]) -> None:
        """Tell the lane something; raises EngineError when it is gone."""
        try:
            self.channel.send(message)
        except OSError as error:
            raise self._ended() from error

    def hear(self) -> Message:
        """Wait for an answer; raises what the lane raised, and EngineError when it is gone."""
        message = self._answers.get(timeout=ANSWER_SECONDS)
        if message is None:
            raise self._ended()
        if "error" in message.said:
            raise self._unpack(message.said["error"])
        self.standing = message.said
        return message

    def check(self) -> None:
        """Raise EngineError when the lane is gone."""
        if self.gone:
            raise self._ended()

    def _ended(self) -> EngineError:
        what = f"lane {self.number} of the stream ended"
        return EngineError(ENDED, what, "The stream starts again from its last epoch.", {"lane": self.number})


@dataclass
class Lanes(Intake):
    """An intake whose records other processes read, decode and compute up to state; see `Intake`.

    All lanes that have something compute at the same time, for one batch, under the epoch's time and the watermarks of
    that moment: what comes of it is what one process would have made.
    """

    lanes: Sequence[FarLane] = ()
    _held: tuple[bool, frozenset[str]] = (False, frozenset())
    _looks: dict[str, Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.division = divide(self.plan)
        self.unread = pa.table({"_position": pa.array([], pa.int64())})

    def start(self, positions: Mapping[str, Mapping[str, Any]]) -> None:
        """Let every lane begin to read its partitions."""
        for node, found in positions.items():
            self._positions[node] = {name: Position.from_json(data) for name, data in found.items()}
        for lane in self.lanes:
            lane.listen(self.signal)
            lane.say({"do": "start", "positions": positions, "clocks": self.clocks_json()})
        for lane in self.lanes:
            self._stand(lane.hear().said, first=True)

    def take(self, most_bytes: int, most_rows: int) -> list[tuple[str, Records]]:
        """Return which lanes have something; they take no more than they may by themselves."""
        found: list[tuple[str, Records]] = []
        for lane in self.lanes:
            if lane.waiting:
                found.append((str(lane.number), Records("", self.unread, Position(0))))
        return found

    @property
    def behind(self) -> bool:
        """Whether a lane has something."""
        return any(lane.waiting for lane in self.lanes)

    def read(self, batch: Sequence[tuple[str, Records]], now: int) -> Taken:
        """Let lanes compute what they have, all at once; returns it put together."""
        empty = super().read([], now)
        asked = [lane for lane in self.lanes if any(int(number) == lane.number for number, _ in batch)]
        marks = {node: clock.watermark for node, clock in self.clocks.items()}
        for lane in asked:
            lane.waiting = False
            lane.say({"do": "read", "time": now, "watermarks": marks})
        gathered = _Gathered()
        for lane in asked:
            message = lane.hear()
            self._stand(message.said)
            lane.waiting = lane.waiting or message.said["more"]
            gathered.add(message)
            if LETTERS in message.tables:
                self.letters.keep(message.tables[LETTERS])
        return gathered.taken(empty, frozenset(self.division.segments)) if gathered.records else empty

    def _stand(self, said: Mapping[str, Any], first: bool = False) -> None:
        """Note where a lane's partitions stand."""
        for node, found in said["positions"].items():
            self._positions[node].update({name: Position.from_json(at) for name, at in found.items()})
        for node, told in said["clocks"].items():
            mine = said["positions"].get(node, {})
            for name, item in told["partitions"].items():
                if first or name in mine:
                    self.clocks[node].partitions[name] = PartitionClock(item["newest"], item["floor"], item["idle"])
        self.fresh = self.fresh or said["fresh"]
        for node, look in said["seen"].items():
            self._looks[node] = self._looks.get(node, Seen()).and_then(Seen.from_json(look))

    def hold(self, held: bool, sources: frozenset[str] = frozenset()) -> None:
        """Keep the lanes from reading on, from all sources or some."""
        self.held = sources
        if (held, sources) != self._held:
            self._held = (held, sources)
            for lane in self.lanes:
                lane.say({"do": "hold", "held": held, "sources": sorted(sources)})

    def spent(self) -> dict[str, float]:
        """Return the seconds that all lanes together took for each node."""
        return summed(self.spending.seconds, *(lane.standing.get("spent", {}) for lane in self.lanes))

    def together(self) -> dict[str, list[str]]:
        """Return the nodes that a lane computes at once."""
        return {node: others for lane in self.lanes for node, others in lane.standing.get("together", {}).items()}

    def _pause(self, paused: Mapping[str, Sequence[str]]) -> None:
        for lane in self.lanes:
            lane.say({"do": "pause", "paused": paused})

    def check(self) -> None:
        """Raise what ended a lane."""
        for lane in self.lanes:
            lane.check()

    def ends(self) -> dict[str, dict[str, int]]:
        """Return where each partition ended when that was last looked at."""
        found: dict[str, dict[str, int]] = {node: {} for node in self.sources}
        for lane in self.lanes:
            for node, ends in lane.standing.get("ends", {}).items():
                found[node].update(ends)
        return found

    def lag(self) -> dict[str, int]:
        """Return how many records of each source were not read yet, about."""
        return {node: sum(lane.standing.get("lag", {}).get(node, 0) for lane in self.lanes) for node in self.sources}

    def told(self) -> dict[str, dict[str, Any]]:
        """Return what is told of each source; trouble of any lane is trouble of the source."""
        made: dict[str, dict[str, Any]] = {}
        for node in self.sources:
            parts = [lane.standing.get("told", {}).get(node, {}) for lane in self.lanes]
            whole: dict[str, Any] = {}
            for part in parts:
                whole.update(part)
            whole["trouble"] = next((part["trouble"] for part in parts if part.get("trouble")), "")
            whole["queued_bytes"] = sum(part.get("queued_bytes", 0) for part in parts)
            made[node] = {**whole, **self.clocks[node].to_json()}
        return made

    def seen(self) -> dict[str, Seen]:
        """Return how the records of each source looked since the last call."""
        found, self._looks = self._looks, {}
        return found

    def renew(self, tables: Tables) -> None:
        """Let the lanes have these tables, from what they read next on."""
        for lane in self.lanes:
            lane.say({"do": "renew", "tables": tables_to_json(tables)})

    def release(self, positions: Mapping[str, Mapping[str, Position]]) -> None:
        """Let the lanes' readers forget what lies before these positions."""
        told = {node: {name: at.to_json() for name, at in found.items()} for node, found in positions.items()}
        for lane in self.lanes:
            lane.say({"do": "release", "positions": told})

    def close(self) -> None:
        """Let the lanes end."""
        for lane in self.lanes:
            lane.channel.close()


@dataclass
class _Gathered:
    """What lanes answered for one batch."""

    tables: dict[str, list[pa.Table]] = field(default_factory=dict)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    records: int = 0
    bytes: int = 0

    def add(self, message: Message) -> None:
        for name, table in message.tables.items():
            self.tables.setdefault(name, []).append(table)
        for node, port, rows in message.said["counts"]:
            self.counts[(node, port)] = self.counts.get((node, port), 0) + rows
        self.records += message.said["records"]
        self.bytes += message.said["bytes"]

    def taken(self, empty: Taken, done: frozenset[str]) -> Taken:
        tables, ports = dict(empty.tables), dict[str, dict[str, pa.Table]]()
        absorbed: dict[str, pa.Table] = {}
        for name, parts in self.tables.items():
            whole = pa.concat_tables(parts)
            if name.startswith(VIEW):
                tables[name.removeprefix(VIEW)] = whole
            elif name.startswith(ABSORBED):
                absorbed[name.removeprefix(ABSORBED)] = whole
                ports.setdefault(name.removeprefix(ABSORBED), {})
            elif name.startswith(PORT):
                node, _, port = name.removeprefix(PORT).partition(":")
                ports.setdefault(node, {})[port] = whole
        return Taken(tables, self.counts, self.records, self.bytes, done, absorbed, ports)
