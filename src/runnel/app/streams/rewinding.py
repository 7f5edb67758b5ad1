"""Going back: a new incarnation of a stream, from its beginning, from a savepoint, or from the positions of an epoch."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from runnel.app.streams.telling import found
from runnel.errors import AuthoringError, LimitError, RunnelError
from runnel.runtime.stream.checkpoints import Kept, Place, Row
from runnel.store.ownership import is_dead, myself
from runnel.store.streams import StreamStore

START = "start"


def rewind(
    store: StreamStore, name: str, to: str, positions: Mapping[str, Any] | None = None,
    targets: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Let a stopped stream begin anew; returns its new incarnation and the epoch after which it counts on.

    `to` is `start` (empty state, as at the first start), a savepoint's label, or the number of a kept epoch (empty state,
    reading on from that epoch's positions); `positions` (source → partition → position) are given instead. What a target
    held stays or goes as its mode says: `replace` begins anew with the first rows, `append` keeps the old rows, so that
    rows that are read again stand there twice. `targets` (sink → settings, see `targets.settings_of`) hold instead.
    """
    record = found(store, name)
    owner = record["owner"]
    if owner is not None and owner != myself() and not is_dead(owner):
        raise LimitError("RNL-STREAM-044", f"the stream {name} runs", f"Stop it first: runnel stream stop {name}")
    lease = store.take(name, record["version"], record["path"], record["params"] or {})
    fresh = secrets.token_hex(8)
    try:
        row = row_at(store, record, to, positions, fresh)
        _link_files(store, record, to if positions is None else START, fresh)
    except RunnelError:
        store.release(lease, record["status"], record["error"])
        raise
    store.acts.choose(name, fresh, targets or {})
    store.begin(lease, row.to_json())
    store.release(replace(lease, incarnation=fresh), "stopped", None)
    return {"name": name, "incarnation": fresh, "epoch": row.epoch, "to": to if positions is None else "positions"}


def is_delivered(row: Mapping[str, Any]) -> bool:
    """Tell whether every sink was known to hold all that a stream made for it."""
    stands = Row.from_json(row)
    return all(
        parcel.epoch <= stands.delivered.get(sink, 0) for sink, parcels in stands.outboxes.items() for parcel in parcels
    )


def renewed(row: Mapping[str, Any]) -> Row:
    """Return the first row of the incarnation after one that was finished: it reads on, and every window is a new one."""
    before = Row.from_json(row)
    place = Place(positions=before.place.positions)
    base = Kept(before.epoch, None, place)
    return Row(secrets.token_hex(8), before.epoch, before.token, before.plan, before.version, (base,))


def row_at(
    store: StreamStore, record: Mapping[str, Any], to: str, positions: Mapping[str, Any] | None = None, fresh: str = ""
) -> Row:
    """Return the first row of an incarnation that begins at a point; nothing is changed."""
    epoch = int(record["epoch"])
    if positions is not None:
        place = Place(positions={node: {part: _position(at) for part, at in given.items()} for node, given in positions.items()})
        return Row(fresh, epoch, bases=(Kept(epoch, None, place),))
    if to == START:
        return Row(fresh, epoch, bases=(Kept(epoch, None, Place()),))
    kept = {item["label"]: item for item in store.savepoints(record["name"])}
    if to in kept:
        return _from_savepoint(record, kept[to], fresh)
    if to.isdigit():
        boundary = store.boundary(record["name"], record["incarnation"], int(to))
        if boundary is not None:
            place = Place(positions=boundary["place"]["positions"])
            return Row(fresh, epoch, bases=(Kept(epoch, None, place),))
    known = ", ".join([START, *kept, "the number of a kept epoch"])
    raise AuthoringError("RNL-STREAM-045", f"the stream {record['name']} cannot go back to `{to}`", f"It can to: {known}.")


def _position(at: Any) -> dict[str, Any]:
    return {"next": int(at)} if isinstance(at, int | str) else dict(at)


def _from_savepoint(record: Mapping[str, Any], kept: Mapping[str, Any], fresh: str) -> Row:
    """Return a row with the savepoint's state.

    Every epoch number below is one that was, and the next one is higher than any: the ledger begins a branch there.
    """
    row = Row.from_json(kept["row"])
    gap = int(record["epoch"]) - row.epoch
    moved = [replace(item, epoch=item.epoch + gap) for item in (*row.bases, *row.deltas)]
    bases, deltas = moved[: len(row.bases)], moved[len(row.bases) :]
    return Row(
        fresh, int(record["epoch"]), plan=row.plan, version=row.version, bases=tuple(bases), deltas=tuple(deltas)
    )


def _link_files(store: StreamStore, record: Mapping[str, Any], to: str, fresh: str) -> None:
    """Put the files of a savepoint into the new incarnation's folder too; they are the same ones."""
    kept = next((item for item in store.savepoints(record["name"]) if item["label"] == to), None)
    if kept is None or to == START:
        return
    row = Row.from_json(kept["row"])
    source, target = (store.folder(record["name"], which) for which in (kept["incarnation"], fresh))
    target.mkdir(parents=True, exist_ok=True)
    for name in {item.file.name for item in (*row.bases, *row.deltas) if item.file}:
        _link(source / name, target / name)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError as error:
        what = f"the savepoint's file {source.name} is gone"
        raise AuthoringError("RNL-STREAM-046", what, "Rewind to another savepoint, or to the start.") from error


def positions_at(store: StreamStore, name: str, to: str | None = None) -> dict[str, Any]:
    """Return the positions of a stream (now, at a savepoint or at a kept epoch) in the form that a rewind takes."""
    record = found(store, name)
    row = Row.from_json(record["row"]) if to is None and record["row"] else row_at(store, record, to or START)
    return {
        "stream": name, "incarnation": record["incarnation"], "epoch": row.epoch if to is None else to,
        "positions": {node: {part: dict(at) for part, at in parts.items()} for node, parts in row.place.positions.items()},
    }  # fmt: skip


def checked_positions(given: Any, sources: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return positions that were given (source → partition → position, or an export); raises AuthoringError."""
    found = given.get("positions", given) if isinstance(given, Mapping) else None
    hint = 'Write {"source": {"partition": position}}; `runnel stream positions export` gives an example.'
    if not isinstance(found, Mapping) or not all(isinstance(parts, Mapping) for parts in found.values()):
        raise AuthoringError("RNL-STREAM-050", "these are no positions of a stream", hint)
    unknown = [str(node) for node in found if node not in sources]
    if unknown:
        what = f"the stream has no source `{unknown[0]}`"
        raise AuthoringError("RNL-STREAM-050", what, f"Sources: {', '.join(sources)}.")
    for node, parts in found.items():
        for part, at in parts.items():
            is_number = isinstance(at, str) and at.lstrip("-").isdigit()
            if isinstance(at, bool) or not (is_number or isinstance(at, int | Mapping)):
                raise AuthoringError("RNL-STREAM-050", f"the position of {node}, partition {part}, is no number", hint)
    return {str(node): dict(parts) for node, parts in found.items()}
