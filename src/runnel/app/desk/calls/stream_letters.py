"""Dead letters of streams at the desk: grouped, listed, one by one, edited, given again, discarded, opened again, exported."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from runnel.app.desk.context import DeskContext
from runnel.app.desk.registry import answers
from runnel.app.streams import letters as reading
from runnel.app.streams import looking, settling
from runnel.app.streams.letters import Which
from runnel.app.streams.telling import found


def which_of(payload: Mapping[str, Any]) -> Which:
    """Return which letters a payload means."""
    keys = payload.get("letters")
    some = None if keys is None else frozenset((str(one[0]), int(one[1]), int(one[2])) for one in keys)
    return Which(payload.get("node"), payload.get("group"), payload.get("state"), some)


@answers("stream_letters")
def letters(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return refused records of a stream."""
    place = (int(payload.get("offset") or 0), int(payload["limit"]))
    return looking.letters(context.streams.store, payload["name"], which_of(payload), *place)


@answers("stream_letter_groups")
def groups(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return the letters by node and reason."""
    record = found(context.streams.store, payload["name"])
    return reading.groups(context.streams.store, payload["name"], looking.expressions_of(context.project, record))


@answers("stream_letter")
def letter(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return one letter with all there is to it."""
    record = found(context.streams.store, payload["name"])
    return reading.one(
        context.streams.store, payload["name"], _key(payload), looking.expressions_of(context.project, record)
    )


@answers("stream_letters_export")
def export(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return some letters whole."""
    place = (int(payload["offset"]), int(payload["limit"]))
    return looking.exported(context.streams.store, payload["name"], which_of(payload), *place)


@answers("stream_letter_edit")
def edit(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Keep other bytes for a letter, and give it again where that is asked."""
    store, name, key = context.streams.store, payload["name"], _key(payload)
    raw = (
        base64.b64decode(payload["raw"], validate=True)
        if payload.get("raw") is not None
        else str(payload["text"]).encode()
    )
    made = settling.edit(store, name, key, raw, payload.get("actor"))
    if payload.get("replay"):
        made |= settling.replay(
            store, name, made["node"], actor=payload.get("actor"), meant=Which(keys=frozenset({key}))
        )
    return made


@answers("stream_letters_substitute")
def substitute(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Edit many letters alike."""
    return settling.substitute(
        context.streams.store, payload["name"], which_of(payload), payload["find"], payload["by"], payload.get("actor"),
        bool(payload.get("dry")),
    )  # fmt: skip


@answers("stream_letters_replay")
def replay(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Give letters again."""
    store, name = context.streams.store, payload["name"]
    made = settling.replay(store, name, payload.get("node"), actor=payload.get("actor"), meant=which_of(payload))
    return {**made, "runs": context.streams.runs(name)}


@answers("stream_letters_discard")
def discard(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Settle letters as discarded."""
    store, name = context.streams.store, payload["name"]
    found(store, name)
    count = settling.discard(
        store, name, payload.get("node"), payload["reason"], actor=payload.get("actor"), meant=which_of(payload)
    )
    return {"stream": name, "discarded": count}


@answers("stream_letters_reopen")
def reopen(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Open settled letters again."""
    name = payload["name"]
    count = settling.reopen(context.streams.store, name, which_of(payload), payload.get("actor"))
    return {"stream": name, "reopened": count}


def _key(payload: Mapping[str, Any]) -> tuple[str, int, int]:
    return str(payload["incarnation"]), int(payload["epoch"]), int(payload["number"])
