"""Pages: the editor's static files, the printed link, and the one plain page where the editor was not built."""

from __future__ import annotations

from urllib.parse import urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from runnel.server.addresses import is_of_this_machine, peer
from runnel.server.cookies import set_session
from runnel.server.files import find, own_file, packed_file
from runnel.server.guarding import request_id, state_of
from runnel.server.problems import problem
from runnel.server.routing import Routes
from runnel.server.rules import PUBLIC

routes = Routes("pages", prefix="")
RESERVED = ("api", "ingest", "healthz", "readyz", "metrics", "docs", "redoc")
MOVED = {"dashboard": "/", "pipeline-builder": "/pipelines/new"}
NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Runnel</title>
<h1>The editor is not built</h1>
<p>The server runs, its API answers under <code>/api/v1</code>, but the editor's files are not here.</p>
<p>In a checkout: <code>cd web &amp;&amp; npm ci &amp;&amp; npm run build</code>, then load this page again.</p>
</html>
"""


@routes.get("/{path:path}", PUBLIC, methods=["GET", "HEAD"], include_in_schema=False)
async def page(request: Request, path: str) -> Response:
    """Serve a file of the editor; every other address is the editor's own page, which reads the address."""
    first = path.split("/", 1)[0].lower()
    if first in RESERVED:
        return _nothing(request)
    if request.method == "GET" and (token := request.query_params.get("token")) is not None and first != "setup":
        return await _enter(request, token)
    if first == "docs-files":
        file = find(state_of(request).static / "docs", path.partition("/")[2] + ".gz")
        return _nothing(request) if file is None else packed_file(request, file)
    if path in MOVED:
        return RedirectResponse(MOVED[path], 308)
    folder = state_of(request).static / "app"
    found = find(folder, path) if path else None
    if found is not None and found.suffix not in (".br", ".gz"):
        return own_file(request, found)
    if "." in path.rsplit("/", 1)[-1] and not _wants_page(request, explicitly=True):
        return _nothing(request)
    if not _wants_page(request):
        return _nothing(request)
    index = find(folder, "index.html")
    return HTMLResponse(NOT_BUILT, 200) if index is None else own_file(request, index)


def _wants_page(request: Request, *, explicitly: bool = False) -> bool:
    accept = request.headers.get("accept", "*/*")
    return "text/html" in accept or (not explicitly and "*/*" in accept)


def _nothing(request: Request) -> Response:
    return problem(404, "RNL-HTTP-404", "there is nothing at this address", request_id=request_id(request))


async def _enter(request: Request, token: str) -> Response:
    """Exchange the token of a printed link for a session, and take it out of the address."""
    state = state_of(request)
    rest = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
    path = request.scope["raw_path"].split(b"?", 1)[0].decode("latin-1")  # as it came: what is packed stays packed
    target = path + (f"?{urlencode(rest)}" if rest else "")
    response = RedirectResponse(target, 303)
    response.headers["Location"] = target
    if not is_of_this_machine(request) or not state.access.links.is_link(token):
        state.throttle.bad_proof(peer(request))
        return response
    local = await to_thread.run_sync(state.access.users.local)
    if local is None:
        return response
    agent = request.headers.get("user-agent")
    opened = await to_thread.run_sync(state.access.sessions.open, local, "link", peer(request), agent)
    set_session(request, response, opened[0])
    await to_thread.run_sync(
        lambda: state.access.trail.write(
            None, "auth.link", "session", opened[1].id, after={"user": local.username}, request_id=request_id(request),
            address=peer(request),
        )
    )  # fmt: skip
    return response
