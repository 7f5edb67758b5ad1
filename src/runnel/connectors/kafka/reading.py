"""Reads topics of Kafka from positions that Runnel keeps; records that are gone are named, never passed over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from runnel.connectors.kafka import direct, gaps, objects
from runnel.connectors.kafka.cluster import Cluster, Topic, refusal
from runnel.connectors.kafka.fetching import READING, Client, Fetched, Place, Trouble, table_of
from runnel.errors import ConnectorError
from runnel.sdk.egress import EgressPolicy
from runnel.sdk.streaming import Position, Records

CHECK_SECONDS = 2.0
PATIENCE_SECONDS = 30.0
ABSENT_SECONDS = 5.0
_STEP_RECORDS = 50_000
_STEP_SECONDS = 0.02
_LOGIN, _TLS, _FATAL = -169, -181, -150
_DOWN = (-187, -195, -193)
_OUT_OF_RANGE, _TRUNCATED = (1, -140), (-139, 76)
_ABSENT = (3, 100, -188, -190)


@dataclass(frozen=True)
class Wanted:
    """What is read: topics by name and by pattern, and where reading begins at the first start."""

    topics: tuple[str, ...] = ()
    pattern: str | None = None
    start: Literal["earliest", "latest", "time", "position"] = "earliest"
    start_milliseconds: int = 0
    start_positions: Mapping[str, int] = field(default_factory=dict)
    committed: bool = True


@dataclass
class _Partition:
    """One partition that is read: its topic's id, where reading goes on, and what is known of its end."""

    topic_id: str
    next: int
    epoch: int
    at_end: bool = False
    told: bool = False

    def position(self) -> Position:
        detail: dict[str, Any] = {"topic_id": self.topic_id}
        if self.epoch >= 0:
            detail["leader_epoch"] = self.epoch
        return Position(self.next, detail)


def name_of(place: tuple[str, int]) -> str:
    """Return a partition's name: `topic/number` (a topic's name has no slash)."""
    return f"{place[0]}/{place[1]}"


def place_of(name: str) -> tuple[str, int]:
    """Return topic and number of a partition's name."""
    topic, _, number = name.rpartition("/")
    return topic, int(number)


class KafkaReader:
    """Reads partitions of topics; see `runnel.sdk.streaming.Reader`. `group` names us to other tools."""

    def __init__(
        self,
        settings: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
        wanted: Wanted,
        *,
        egress: EgressPolicy | None = None,
        group: str = "runnel",
        mine: Callable[[str], bool] = lambda _: True,
        client: Callable[[Mapping[str, Any], EgressPolicy | None], Client] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._given = settings
        self._group = group
        self._egress = egress
        self._wanted = wanted
        self._mine = mine
        self._make = client or (direct.DirectClient if direct.available() else objects.ObjectClient)
        self._clock = clock
        self._client: Client | None = None
        self._read: dict[tuple[str, int], _Partition] = {}
        self._paused: set[tuple[str, int]] = set()
        self._held: dict[tuple[str, int], list[Fetched]] = {}
        self._absent_since: float | None = None
        self._troubles: list[Trouble] = []
        self._checked = 0.0
        self._silent_since: float | None = None
        self._average = 200.0

    @cached_property
    def _settings(self) -> dict[str, Any]:
        """The client's settings; made when they are first needed, as the servers are looked up and checked for them."""
        given = self._given() if callable(self._given) else self._given
        level = "read_committed" if self._wanted.committed else "read_uncommitted"
        return {**given, **READING, "group.id": self._group, "isolation.level": level}

    @cached_property
    def _cluster(self) -> Cluster:
        ours = {*READING, "group.id", "isolation.level"}
        return Cluster({name: value for name, value in self._settings.items() if name not in ours}, self._egress)

    def partitions(self) -> Sequence[str]:
        """Return the partitions that there are now; raises ConnectorError for a topic that is gone or was made anew."""
        topics = self._cluster.topics(() if self._read else self._wanted.topics, self._wanted.pattern)
        if self._read:
            topics |= self._cluster.described(self._wanted.topics)
            self._same(topics, list(self._read))
        places = [(topic.name, number) for topic in topics.values() for number in topic.partitions]
        return [name for place in places if self._mine(name := name_of(place))]

    def _same(self, topics: Mapping[str, Topic], places: Iterable[tuple[str, int]]) -> bool:
        """Tell whether topics are the ones that were opened; one that stays away, or another one of its name, is an error."""
        absent = False
        for place in places:
            topic = topics.get(place[0])
            if topic is None:
                absent = True
            elif topic.id != self._read[place].topic_id:
                raise gaps.made_anew(name_of(place), self._read[place].next, self._read[place].topic_id, topic.id)
        if not absent:
            self._absent_since = None
            return True
        self._absent_since = (
            self._absent_since or self._clock()
        )  # a broker that just started does not know its topics yet
        if self._clock() - self._absent_since > ABSENT_SECONDS:
            gone = sorted({topic for topic, _ in places if topic not in topics})
            raise gaps.deleted(", ".join(gone))
        return False

    def open(self, positions: Mapping[str, Position | None]) -> None:
        """Begin to read partitions, or go on from positions; raises ConnectorError where records after one are gone."""
        asked = {place_of(name): position for name, position in positions.items()}
        topics = self._cluster.described(sorted({topic for topic, _ in asked}))
        first = not self._read and not any(asked.values())
        known = {place: position for place, position in asked.items() if position is not None}
        begun = self._begin([place for place, position in asked.items() if position is None], first)
        self._verify(known, topics)
        for place in asked:
            topic = topics.get(place[0])
            if topic is None or place[1] not in topic.partitions:
                raise ConnectorError(
                    "RNL-KAFKA-010", f"the cluster has no partition {name_of(place)}", "It was there before."
                )
        read: dict[tuple[str, int], _Partition] = {}
        for place, position in asked.items():
            before = self._read.get(place)
            if position is None:
                read[place] = before or _Partition(topics[place[0]].id, begun[place], -1)
            elif before is not None and before.next == position.next:
                read[place] = before
            else:
                read[place] = _Partition(
                    topics[place[0]].id, position.next, int(position.detail.get("leader_epoch", -1))
                )
        for partition in read.values():
            partition.at_end = False
        self._read = read
        self._held = {}
        self._assign()

    def _assign(self) -> None:
        if self._client is None:
            self._client = self._make(self._settings, self._egress)
        places = {place: Place(one.next, one.epoch if one.epoch >= 0 else None) for place, one in self._read.items()}
        self._client.assign(places)
        paused = [place for place in self._read if place in self._paused]
        if paused:
            self._client.pause(paused, ())
        self._checked, self._silent_since = self._clock(), None

    def _begin(self, places: Sequence[tuple[str, int]], first: bool) -> dict[tuple[str, int], int]:
        """Return where partitions without a position begin: as the config says, new ones of a known source at their first."""
        places = [place for place in places if place not in self._read]
        wanted = self._wanted
        if not first or wanted.start == "earliest" or not places:
            return self._cluster.starts(places)
        if wanted.start == "latest":
            return self._cluster.ends(places, wanted.committed)
        if wanted.start == "time":
            return self._cluster.at(places, wanted.start_milliseconds)
        named = {
            place: wanted.start_positions[name]
            for place in places
            if (name := name_of(place)) in wanted.start_positions
        }
        starts = self._cluster.starts(places)
        self._within({place: Position(offset) for place, offset in named.items()}, starts)
        return {**starts, **named}

    def _verify(self, known: Mapping[tuple[str, int], Position], topics: Mapping[str, Topic]) -> None:
        for place, position in known.items():
            topic, before = topics.get(place[0]), position.detail.get("topic_id")
            if topic is None:
                raise gaps.deleted(place[0], position.next)
            if before is not None and before != topic.id:
                raise gaps.made_anew(name_of(place), position.next, str(before), topic.id)
        self._within(known, self._cluster.starts(known))

    def _within(self, known: Mapping[tuple[str, int], Position], starts: Mapping[tuple[str, int], int]) -> None:
        ends = self._cluster.ends(known, committed=False)
        for place, position in known.items():
            if position.next < starts[place]:
                raise gaps.expired(name_of(place), position.next, starts[place])
            if position.next > ends[place]:
                raise gaps.truncated(name_of(place), position.next, ends[place])

    def poll(self, most_bytes: int, most_records: int, wait_seconds: float) -> Sequence[Records]:
        """Return what is there; waits up to `wait_seconds` for the first record.

        What was taken from the client is given only after the cluster said that the topics are the ones that positions
        speak of: the client itself reads on in a topic of the same name that was made anew.
        """
        assert self._client is not None, "open comes before poll"
        self._look_after()
        if not self._held:
            self._held = self._take(most_bytes, most_records, wait_seconds)
        if any(one.table is not None for parts in self._held.values() for one in parts) and not self._proved():
            return []
        found, self._held = self._held, {}
        made = [self._records(place, parts) for place, parts in found.items()]
        return made + self._standing(found)

    def _take(self, most_bytes: int, most_records: int, wait_seconds: float) -> dict[tuple[str, int], list[Fetched]]:
        assert self._client is not None
        found: dict[tuple[str, int], list[Fetched]] = {}
        records, size, begun = 0, 0, self._clock()
        while (
            records < most_records and size < most_bytes and self._clock() - begun <= max(wait_seconds, _STEP_SECONDS)
        ):
            left = min(most_records - records, max(1, int((most_bytes - size) / self._average)), _STEP_RECORDS)
            batch, troubles = self._client.poll(left, 0 if found else wait_seconds)
            self._troubles.extend(troubles)
            if not batch:
                break
            for one in batch:
                if (place := (one.topic, one.partition)) in self._read:
                    found.setdefault(place, []).append(one)
                    records += 0 if one.table is None else one.table.num_rows
                    size += one.bytes
                    self._learn(one)
        return found

    def _proved(self) -> bool:
        """Tell whether the topics of what was taken are the same ones still; waits some polls for a silent cluster."""
        now = self._clock()
        try:
            same = self._same(self._cluster.described(sorted({topic for topic, _ in self._held})), self._held)
        except ConnectorError as error:
            self._silent_since = self._silent_since or now
            if not error.retryable or now - self._silent_since > PATIENCE_SECONDS:
                raise
            return False
        if same:
            self._checked, self._silent_since = now, None
        return same

    def _learn(self, one: Fetched) -> None:
        if one.table is not None:
            self._average = max(16.0, 0.8 * self._average + 0.2 * one.bytes / one.table.num_rows)

    def _records(self, place: tuple[str, int], parts: Sequence[Fetched]) -> Records:
        partition = self._read[place]
        for one in parts:
            partition.next, partition.at_end = one.next, one.at_end
            if one.table is not None and one.epoch >= 0:
                partition.epoch = one.epoch
        tables = [one.table for one in parts if one.table is not None]
        size = sum(one.bytes for one in parts)
        return Records(name_of(place), table_of(tables), partition.position(), partition.at_end, size)

    def _standing(self, found: Mapping[tuple[str, int], Any]) -> list[Records]:
        """Return the partitions that stand at their end, as long as nothing makes that doubtful."""
        if self._silent_since is not None:
            return []
        return [
            Records(name_of(place), table_of([]), one.position(), True)
            for place, one in self._read.items()
            if one.at_end and place not in found and place not in self._paused
        ]  # fmt: skip

    def _look_after(self) -> None:
        """Raise what went wrong since the last call, and now and then make sure that the topics are the same."""
        troubles, self._troubles = self._troubles, []
        for trouble in troubles:
            if trouble.code in _DOWN:
                self._silent_since = self._silent_since or self._clock()
            else:
                self._raise(trouble)
        now = self._clock()
        if self._silent_since is not None and now - self._checked > CHECK_SECONDS:
            self._ask_whether_up(now)
        elif now - self._checked > CHECK_SECONDS:
            self._checked = now
            self._same(self._cluster.described(sorted({topic for topic, _ in self._read})), list(self._read))

    def _ask_whether_up(self, now: float) -> None:
        """After lost connections: the cluster answers again, or it has been silent for too long."""
        self._checked = now
        assert self._silent_since is not None
        try:
            ends = self._cluster.ends(self._read, self._wanted.committed)
            self._same(self._cluster.described(sorted({topic for topic, _ in self._read})), list(self._read))
        except ConnectorError as error:
            if not error.retryable or now - self._silent_since > PATIENCE_SECONDS:
                raise
            return
        self._silent_since = None
        for place, one in self._read.items():
            one.at_end = one.at_end and ends[place] <= one.next

    def _raise(self, trouble: Trouble) -> None:
        """Raise the error that a client's trouble is; one that names a partition which is not read is none of ours."""
        place = (trouble.topic or "", trouble.partition)
        partition = self._read.get(place)
        if trouble.topic is not None and partition is None:
            return
        if partition is not None and trouble.code in (*_OUT_OF_RANGE, *_TRUNCATED, *_ABSENT):
            self._verify({place: partition.position()}, self._cluster.described([place[0]]))
            if trouble.code in _TRUNCATED:
                raise gaps.truncated(name_of(place), partition.next, None)
            doing = f"reading {name_of(place)} at offset {partition.next}"
            raise ConnectorError("RNL-KAFKA-016", f"{doing}: {trouble.words}", retryable=True)
        doing = f"reading {name_of(place)}" if partition is not None else "reading"
        raise refusal(trouble.code, trouble.words, doing)

    def ends(self) -> Mapping[str, int]:
        """Return for each partition the offset that its next record will get."""
        return {name_of(place): end for place, end in self._cluster.ends(self._read, self._wanted.committed).items()}

    def starts(self) -> Mapping[str, int]:
        """Return for each partition the offset of the first record that is kept."""
        return {name_of(place): start for place, start in self._cluster.starts(self._read).items()}

    def pause(self, partitions: Sequence[str]) -> None:
        """Hold these partitions back, and no others."""
        wanted = {place_of(name) for name in partitions}
        assert self._client is not None, "open comes before pause"
        read, before, self._paused = set(self._read), self._paused, wanted
        if self._held:  # taken from the client and not given yet: read once more, from where they began
            self._held = {}
            self._assign()
        else:
            self._client.pause(sorted((wanted - before) & read), sorted((before - wanted) & read))

    def release(self, positions: Mapping[str, Position]) -> None:
        """Tell the group's offsets, which other tools look at; Runnel itself does not read them."""
        if self._client is not None and positions:
            self._client.commit({place_of(name): position.next for name, position in positions.items()})

    def close(self) -> None:
        """Give everything back."""
        if self._client is not None:
            self._client.close()
            self._client = None
