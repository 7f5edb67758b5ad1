"""What the tests of writes share: the small shop in a server of this process, asked once or several times at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from integration.server.conftest import SHOP
from serving import Answer, Served, served

API = "/api/v1"
LARGE = "runnel: 1\nname: large\ntitle: Large\nnodes:\n" + "".join(
    f"  n{n}:  # the node {n}\n    kind: source.rows\n    config: {{rows: [{{a: {n}, b: text {n}}}]}}\n"
    for n in range(120)
)


@contextmanager
def with_shop() -> Iterator[Served]:
    """A server with the small shop and a large document."""
    with served() as made:
        (made.state.root / "shop.runnel.yaml").write_text(SHOP, "utf-8")
        (made.state.root / "large.runnel.yaml").write_text(LARGE, "utf-8")
        made.person("ada", "admin")
        yield made


def ask(server: Served, method: str, path: str, body: Any = None, tag: str | None = None) -> Answer:
    headers = server.token(server.people["ada"]) | ({"if-match": tag} if tag is not None else {})
    return server.call(method, API + path, headers=headers, json=body)


def at_once(server: Served, *requests: tuple[str, str, Any]) -> list[Answer]:
    """Send requests at the same time; their handlers work in threads."""
    headers = server.token(server.people["ada"])

    async def all_of_them() -> list[Answer]:
        call = server._call
        calls = [
            call(method, API + path, headers, body, None, "127.0.0.1", "127.0.0.1:8377", "http", server.app)
            for method, path, body in requests
        ]
        return await asyncio.gather(*calls)

    return server.loop.run_until_complete(all_of_them())


def draft(server: Served, name: str = "shop") -> dict[str, Any]:
    return ask(server, "GET", f"/pipelines/{name}/draft").json


def titled(revision: int, title: str) -> dict[str, Any]:
    return {"revision": revision, "edits": [{"op": "set", "path": ["title"], "value": title}]}


def edited(server: Served, title: str, name: str = "shop") -> dict[str, Any]:
    """Leave an unsaved change and return the draft."""
    assert (
        ask(server, "POST", f"/pipelines/{name}/draft/edits", titled(draft(server, name)["revision"], title)).status
        == 200
    )
    return draft(server, name)


def file_of(server: Served, name: str = "shop") -> Path:
    return server.state.root / f"{name}.runnel.yaml"
