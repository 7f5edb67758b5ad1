"""What is done with dead letters of streams: edited beside the original, given again once, discarded, opened again."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runnel.app.streams.letters import OPEN, Which, letters_of, shown
from runnel.app.streams.telling import found
from runnel.errors import AuthoringError
from runnel.store.stream_acts import Act
from runnel.store.streams import StreamStore

MOST_BYTES = 1024 * 1024


def edit(
    store: StreamStore, name: str, key: tuple[str, int, int], raw: bytes, actor: str | None = None
) -> dict[str, Any]:
    """Keep other bytes for an open letter (incarnation, epoch, number): a replay gives these; its own are kept beside.

    The same bytes as its own take an edit back. Raises AuthoringError for a letter that is settled, or too many bytes.
    """
    letter = _only(store, name, key)
    if letter["state"] != OPEN:
        what = f"letter {key[2]} of epoch {key[1]} is {letter['state']} already"
        raise AuthoringError("RNL-LETTER-007", what, "Only open ones are edited.")
    if len(raw) > MOST_BYTES:
        raise AuthoringError(
            "RNL-LETTER-009", f"the edited record has {len(raw):,} bytes", f"It may have {MOST_BYTES:,}."
        )
    if raw == base64.b64decode(letter["raw"]):
        store.acts.restore(name, key, letter["node"], Act("restore", actor))
        return {"stream": name, "node": letter["node"], "edited": False}
    store.acts.edit(name, key, letter["node"], raw, Act("edit", actor))
    return {"stream": name, "node": letter["node"], "edited": True}


def substitute(
    store: StreamStore, name: str, which: Which, find: str, by: str, actor: str | None = None, dry: bool = False
) -> dict[str, Any]:
    """Put `by` in the place of every `find` in the bytes of open letters, as edits of each; returns how many changed.

    Letters that were edited already are changed further. With `dry` nothing is kept; `examples` show the first three.
    """
    if not find:
        raise AuthoringError("RNL-LETTER-010", "the text that is to be replaced is empty", "Say what is to be found.")
    known, examples = store.acts.edits(name), list[dict[str, str]]()
    made: dict[tuple[str, str], dict[tuple[int, int], bytes]] = {}
    for letter in letters_of(store, name, which=replace(which, state=OPEN)):
        place, incarnation = (int(letter["epoch"]), int(letter["number"])), letter["incarnation"]
        before = known.get((incarnation, *place)) or base64.b64decode(letter["raw"])
        after = before.replace(find.encode(), by.encode())
        if after != before:
            made.setdefault((incarnation, letter["node"]), {})[place] = after
            if len(examples) < 3:
                examples.append({"before": shown(before), "after": shown(after)})
    for (incarnation, node), changed in () if dry else made.items():
        store.acts.edit_all(name, incarnation, node, changed, Act("edit", actor))
    return {"stream": name, "changed": sum(map(len, made.values())), "examples": examples}


def replay(
    store: StreamStore, name: str, node: str | None, which: Sequence[tuple[int, int]] | None = None,
    edited: Mapping[tuple[int, int], bytes] | None = None, actor: str | None = None, meant: Which | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Give open letters again, each once: all of a node, those of (epoch, number), or those that are meant.

    `edited` gives other bytes, before those that were kept by an edit. They enter at the node that refused them when the
    stream runs, or when it is started next. Raises AuthoringError when none is open.
    """
    chosen = _chosen(store, name, node, which, meant)
    if not chosen:
        of = f" of {node}" if node else ""
        raise AuthoringError("RNL-LETTER-002", f"no open dead letter{of} in the stream {name}", "List them first.")
    kept, changed = store.acts.edits(name), edited or {}
    made: list[str] = []
    for incarnation, at, letters in _parts(chosen):
        records = []
        for letter in letters:
            place = (int(letter["epoch"]), int(letter["number"]))
            given = changed.get(place) or kept.get((incarnation, *place))
            records.append(letter["raw"] if given is None else base64.b64encode(given).decode())
        made.append(store.ask(name, at, _by_epoch(letters), records, incarnation, Act("replay", actor)))
    return {"stream": name, "node": node, "request": made[0], "requests": made, "letters": len(chosen)}


def discard(
    store: StreamStore, name: str, node: str | None, why: str, which: Sequence[tuple[int, int]] | None = None,
    actor: str | None = None, meant: Which | None = None,
) -> int:  # fmt: skip
    """Settle open letters as discarded, with the reason; returns how many."""
    chosen = _chosen(store, name, node, which, meant)
    return sum(
        store.settle(name, incarnation, at, _by_epoch(letters), f"discarded:{why}", Act("discard", actor, why))
        for incarnation, at, letters in _parts(chosen)
    )


def reopen(store: StreamStore, name: str, meant: Which, actor: str | None = None) -> int:
    """Open letters again that were discarded, or that wait to be replayed by a stream that does not run; returns how many."""
    found(store, name)
    chosen = [
        letter for letter in letters_of(store, name, which=meant) if letter["state"] in ("discarded", "replaying")
    ]
    return sum(
        store.reopen(name, incarnation, at, _by_epoch(letters), Act("reopen", actor))
        for incarnation, at, letters in _parts(chosen)
    )


def _chosen(
    store: StreamStore, name: str, node: str | None, which: Sequence[tuple[int, int]] | None, meant: Which | None
) -> list[dict[str, Any]]:
    wanted = replace(meant or Which(node), state=OPEN)
    some = None if which is None else set(which)
    return [
        letter for letter in letters_of(store, name, which=wanted)
        if some is None or (letter["epoch"], letter["number"]) in some
    ]  # fmt: skip


def _only(store: StreamStore, name: str, key: tuple[str, int, int]) -> dict[str, Any]:
    letter = next(letters_of(store, name, which=Which(keys=frozenset({key}))), None)
    if letter is None:
        what = f"the stream {name} has no dead letter {key[2]} of epoch {key[1]}"
        raise AuthoringError("RNL-LETTER-002", what, f"List them: runnel dead-letters show {name}")
    return letter


def _parts(letters: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, list[Mapping[str, Any]]]]:
    """Return letters by incarnation and node, in the order in which they come."""
    made: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for letter in letters:
        made.setdefault((letter["incarnation"], letter["node"]), []).append(letter)
    return [(incarnation, node, items) for (incarnation, node), items in made.items()]


def _by_epoch(letters: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    made: dict[str, list[int]] = {}
    for letter in letters:
        made.setdefault(str(letter["epoch"]), []).append(int(letter["number"]))
    return made
