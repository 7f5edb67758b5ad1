"""Dead letters of streams on the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.store.streams import StreamStore


def _store(project: Project) -> StreamStore:
    from runnel.app.streams.telling import rows_of

    return rows_of(project)


def is_stream(project: Project, name: str) -> bool:
    """Tell whether a stream of that name was started once."""
    if not (project.home / "streams").exists() and not project.setting("database_url"):
        return False
    return _store(project).get(name) is not None


def stream_letters(project: Project, name: str | None) -> list[dict[str, Any]]:
    """Return how many records the nodes of streams refused."""
    from runnel.app.streams.letters import listed

    if not (project.home / "streams").exists() and not project.setting("database_url"):
        return []
    store = _store(project)
    names = [item["name"] for item in store.list() if name in (None, item["name"])]
    return [entry for item in names for entry in listed(store, item)]


def shown_of_stream(project: Project, name: str, node: str | None, limit: int) -> list[dict[str, Any]]:
    """Return the first letters of a stream."""
    from runnel.app.streams.letters import letters_of

    return list(islice(letters_of(_store(project), name, node), limit))


def discarded_of_stream(project: Project, name: str, node: str, reason: str) -> int:
    """Discard the open letters of a node."""
    from runnel.app.streams.settling import discard

    return discard(_store(project), name, node, reason, actor=_person())


def replayed_of_stream(project: Project, name: str, node: str, numbers: Sequence[int] | None) -> dict[str, Any]:
    """Let the open letters of a node enter again; `numbers` are those within their epochs."""
    from runnel.app.streams.letters import OPEN, letters_of
    from runnel.app.streams.settling import replay

    store = _store(project)
    which = None
    if numbers is not None:
        which = [(item["epoch"], item["number"]) for item in letters_of(store, name, node, OPEN) if item["number"] in numbers]
    return replay(store, name, node, which, actor=_person())


def edited_of_stream(project: Project, name: str, epoch: int, number: int, raw: bytes, again: bool) -> dict[str, Any]:
    """Keep other bytes for an open letter, and let it enter again where that is asked."""
    from runnel.app.streams.letters import OPEN, Which, letters_of
    from runnel.app.streams.settling import edit, replay
    from runnel.errors import AuthoringError

    store = _store(project)
    keys = [(item["incarnation"], epoch, number) for item in letters_of(store, name, state=OPEN)
            if (item["epoch"], item["number"]) == (epoch, number)]  # fmt: skip
    if not keys:
        what = f"the stream {name} has no open dead letter {number} of epoch {epoch}"
        raise AuthoringError("RNL-LETTER-002", what, f"List them: runnel dead-letters show {name}")
    made = edit(store, name, keys[0], raw, _person())
    if again:
        made |= replay(store, name, made["node"], actor=_person(), meant=Which(keys=frozenset(keys)))
    return {**made, "epoch": epoch, "number": number}


def exported_of_stream(project: Project, name: str, node: str | None, state: str | None) -> Iterator[dict[str, Any]]:
    """Yield the letters of a stream whole."""
    from runnel.app.streams.letters import Which
    from runnel.app.streams.looking import exported

    store, offset = _store(project), 0
    while found := exported(store, name, Which(node, state=state), offset, 1_000):
        yield from found
        offset += len(found)


def _person() -> str:
    import getpass

    return getpass.getuser()
