"""Dead letters of streams as people read them: counted by node, grouped by reason, listed, and one by one with their bytes."""

from __future__ import annotations

import base64
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from runnel.app.streams.reasons import broken_at, field_of, fields_of, group_of, pattern_of, span_of
from runnel.app.streams.telling import found
from runnel.errors import AuthoringError
from runnel.runtime.stream.files import CorruptFileError, FileRef, StreamFile
from runnel.runtime.stream.letters import NAME
from runnel.store.moments import aware
from runnel.store.moments import text as moment
from runnel.store.streams import StreamStore

OPEN = "open"
STATES = ("open", "replaying", "replayed", "discarded")
BARS = 12
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Which:
    """Which letters are meant: of a node, of a group, in a state, or some by (incarnation, epoch, number)."""

    node: str | None = None
    group: str | None = None
    state: str | None = None
    keys: frozenset[tuple[str, int, int]] | None = None


def listed(store: StreamStore, name: str) -> list[dict[str, Any]]:
    """Return one entry per node: how many records it refused, how many are open, replayed, discarded."""
    found(store, name)
    made: dict[str, Counter[str]] = {}
    for row in store.letters(name):
        states = Counter(_word(state) for state in row["settled"].values())
        counts = made.setdefault(row["node"], Counter())
        counts.update(states)
        counts["count"] += row["count"]
        counts[OPEN] += row["count"] - sum(states.values())
    return [{"stream": name, "node": node, **{key: counts[key] for key in ("count", *STATES)}}
            for node, counts in made.items()]  # fmt: skip


def letters_of(
    store: StreamStore, name: str, node: str | None = None, state: str | None = None, which: Which | None = None,
    newest: bool = False,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield letters: epoch and number, reason, position, state, and `raw` (base64), also as `row`; the oldest first."""
    wanted = which or Which(node, state=state)
    found(store, name)
    for row in _rows(store, name, wanted, newest):
        numbers = [number for number, _ in _fitting(store, row, wanted)]
        table = _table(store, row) if numbers else None
        for number in reversed(numbers) if newest else numbers:
            assert table is not None
            letter = table.slice(number, 1).to_pylist()[0]
            yield _letter(row, number, letter, row["settled"].get(str(number), OPEN))


def _letter(row: Mapping[str, Any], number: int, letter: Mapping[str, Any], state: str) -> dict[str, Any]:
    raw = letter["raw"] or b""
    made: dict[str, Any] = {
        "incarnation": row["incarnation"], "epoch": row["epoch"], "number": number, "node": letter["node"],
        "reason": letter["reason"], "position": json.loads(letter["position"]), "state": _word(state),
        "at": moment(aware(row["created_at"])), "raw": base64.b64encode(raw).decode(),
    }  # fmt: skip
    if letter["row"]:
        made["row"] = json.loads(raw)
    return made


def reasons(store: StreamStore, name: str, node: str | None = None) -> list[dict[str, Any]]:
    """Return the open letters grouped by node and reason, the most frequent first."""
    counts = Counter((letter["node"], letter["reason"]) for letter in letters_of(store, name, node, OPEN))
    return [{"node": node, "reason": reason, "count": count} for (node, reason), count in counts.most_common()]


def groups(store: StreamStore, name: str, expressions: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the letters by node and pattern of their reason, those with the most open ones first.

    `expressions` (node → expressions) help to tell which field a reason is about. A group has its counts by state, its first
    and last moment, and `bars`: how many came in each of twelve equal parts of the whole time.
    """
    found(store, name)
    made: dict[tuple[str, str], dict[str, Any]] = {}
    times: dict[tuple[str, str], list[tuple[float, int]]] = {}
    sizes: dict[str, int] = {}
    for row in _rows(store, name, Which(), False):
        at = aware(row["created_at"])
        sizes[row["file"]["name"]] = int(row["file"]["bytes"])
        here: Counter[tuple[str, str]] = Counter()
        for number, pattern in _patterns(store, row):
            key = (row["node"], pattern)
            group = made.get(key)
            if group is None:
                group = made[key] = {**_example(store, row, number, pattern, expressions), **dict.fromkeys(STATES, 0),
                                     "count": 0, "first": moment(at)}  # fmt: skip
            group["count"] += 1
            group["last"] = moment(at)
            group[_word(row["settled"].get(str(number), OPEN))] += 1
            here[key] += 1
        for key, count in here.items():
            times.setdefault(key, []).append((at.timestamp(), count))
    _draw(made, times)
    items = sorted(made.values(), key=lambda group: (-group[OPEN], -group["count"], group["node"]))
    return {"items": items, "bytes": sum(sizes.values()), "today": _today(store, name)}


def _example(
    store: StreamStore, row: Mapping[str, Any], number: int, pattern: str, expressions: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return what a group tells besides its counts, of its first letter."""
    table = _table(store, row)
    letter = table.slice(number, 1).to_pylist()[0] if table is not None else {"reason": pattern, "raw": b""}
    fields = fields_of(letter["raw"] or b"")
    names = list(fields or ())
    field = field_of(letter["reason"], names, _about(expressions, row["node"], letter["reason"]))
    return {
        "id": group_of(row["node"], pattern), "node": row["node"], "pattern": pattern, "reason": letter["reason"],
        "field": field, "value": fields[field] if fields is not None and field in fields else None,
    }  # fmt: skip


def _draw(made: Mapping[Any, dict[str, Any]], times: Mapping[Any, Sequence[tuple[float, int]]]) -> None:
    moments = [at for parts in times.values() for at, _ in parts]
    first, last = min(moments, default=0.0), max(moments, default=0.0)
    span = (last - first) or 1.0
    for key, group in made.items():
        bars = [0] * BARS
        for at, count in times[key]:
            bars[min(BARS - 1, int((at - first) / span * BARS))] += count
        group["bars"] = bars


def _today(store: StreamStore, name: str) -> dict[str, int]:
    """Return how many letters were given again and discarded in the last day."""
    since, made = time.time() - DAY_SECONDS, Counter[str]()
    for act in store.acts.of(name):
        if act["at"].timestamp() >= since:
            made[act["verb"]] += sum(len(numbers) for numbers in act["letters"].values())
    return {"replay": made["replay"], "discard": made["discard"]}


def one(
    store: StreamStore, name: str, key: tuple[str, int, int], expressions: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return one letter with its fields, the one that the reason is about, where it stands, and what was done with it."""
    letter = next(letters_of(store, name, which=Which(keys=frozenset({key}))), None)
    if letter is None:
        what = f"the stream {name} has no dead letter {key[2]} of epoch {key[1]}"
        raise AuthoringError("RNL-LETTER-002", what, f"List them: runnel dead-letters show {name}")
    raw = base64.b64decode(letter["raw"])
    fields = fields_of(raw)
    field = field_of(letter["reason"], list(fields or ()), _about(expressions, letter["node"], letter["reason"]))
    edited = store.acts.edits(name, key[0]).get(key)
    pattern = pattern_of(letter["reason"])
    return {
        **letter, "pattern": pattern, "group": group_of(letter["node"], pattern), "text": shown(raw), "bytes": len(raw),
        "fields": fields, "field": field, "span": span_of(raw, field, fields) or broken_at(letter["reason"], raw),
        "edited": None if edited is None else {"raw": base64.b64encode(edited).decode(), "text": shown(edited)},
        "history": _history(store, name, letter),
    }  # fmt: skip


def _about(expressions: Mapping[str, Sequence[str]], node: str, reason: str) -> Sequence[str]:
    return expressions.get(f"{node}\x1f{reason}") or expressions.get(node, ())


def _history(store: StreamStore, name: str, letter: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what people did with a letter, and when it entered again, the oldest first."""
    epoch = str(letter["epoch"])
    made = [
        {"verb": act["verb"], "actor": act["actor"], "why": act["why"], "at": moment(act["at"]), "epoch": None}
        for act in store.acts.of(name)
        if act["incarnation"] == letter["incarnation"] and act["node"] == letter["node"]
        and letter["number"] in act["letters"].get(epoch, ())
    ]  # fmt: skip
    row = next((row for row in store.letters(name, letter["incarnation"])
                if row["node"] == letter["node"] and row["epoch"] == letter["epoch"]), None)  # fmt: skip
    word, _, about = (row["settled"].get(str(letter["number"]), OPEN) if row else OPEN).partition(":")
    if word == "replayed":
        made.append({"verb": "entered", "actor": None, "why": "", "at": None, "epoch": int(about)})
    return made


def shown(raw: bytes) -> str:
    """Return bytes as text; what is no UTF-8 is written as `\\xNN`."""
    return raw.decode("utf-8", "backslashreplace")


def _word(state: str) -> str:
    return state.split(":")[0]


# -- files


def _rows(store: StreamStore, name: str, which: Which, newest: bool) -> Iterable[dict[str, Any]]:
    rows = store.letters(name)
    epochs = None if which.keys is None else {key[:2] for key in which.keys}
    kept = [
        row for row in rows
        if which.node in (None, row["node"]) and (epochs is None or (row["incarnation"], row["epoch"]) in epochs)
    ]  # fmt: skip
    return reversed(kept) if newest else kept


def _fitting(store: StreamStore, row: Mapping[str, Any], which: Which) -> Iterator[tuple[int, str]]:
    """Yield number and pattern of the letters of a row that are meant."""
    for number, pattern in _patterns(store, row):
        state = _word(row["settled"].get(str(number), OPEN))
        if which.state not in (None, state):
            continue
        if which.group is not None and group_of(row["node"], pattern) != which.group:
            continue
        if which.keys is None or (row["incarnation"], row["epoch"], number) in which.keys:
            yield number, pattern


def _patterns(store: StreamStore, row: Mapping[str, Any]) -> tuple[tuple[int, str], ...]:
    folder = str(store.folder(row["name"], row["incarnation"]))
    return _indexed(folder, json.dumps(row["file"], sort_keys=True), row["node"])


@lru_cache(100_000)
def _indexed(folder: str, file: str, node: str) -> tuple[tuple[int, str], ...]:
    """Return number and pattern of every letter of a node in one file; a file never changes."""
    table = _opened(folder, file)
    if table is None:
        return ()
    columns = table.select(["node", "reason"]).to_pydict()
    pairs = enumerate(zip(columns["node"], columns["reason"], strict=True))
    return tuple((number, sys.intern(pattern_of(reason))) for number, (of, reason) in pairs if of == node)


def _table(store: StreamStore, row: Mapping[str, Any]) -> Any:
    return _opened(str(store.folder(row["name"], row["incarnation"])), json.dumps(row["file"], sort_keys=True))


@lru_cache(16)
def _opened(folder: str, file: str) -> Any:
    """Return the letters of one file; None where the file is gone, which counts remember alone."""
    from pathlib import Path

    try:
        return StreamFile(Path(folder), FileRef.from_json(json.loads(file))).table(NAME)
    except (OSError, CorruptFileError):
        return None
