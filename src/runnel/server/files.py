"""Files from disk to the browser: the editor's own with long caching, users' files as attachments in a sandbox."""

from __future__ import annotations

import gzip
import mimetypes
import re
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from runnel.server.edge import USER_FILE_CSP
from runnel.server.problems import HttpError

HASHED = re.compile(r"[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
PACKED = (("br", ".br"), ("gzip", ".gz"))
TYPES = {
    ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml",
    ".json": "application/json", ".map": "application/json", ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2", ".wasm": "application/wasm", ".txt": "text/plain",
}  # fmt: skip


def find(folder: Path, path: str) -> Path | None:
    """Return a file below a folder; None when there is none or the path leads outside."""
    try:
        candidate = (folder / path.lstrip("/")).resolve()
        found = folder.resolve() in candidate.parents and candidate.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return None
    return candidate if found else None


def own_file(request: Request, file: Path) -> Response:
    """Return one of the editor's files, packed where the browser takes it and the build made it."""
    headers = {"Vary": "Accept-Encoding"}
    lasting = HASHED.search(file.name) and file.suffix != ".html"
    headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "no-cache"
    kind = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    sent = file
    for name, suffix in PACKED:
        packed = file.with_name(file.name + suffix)
        if packed.is_file() and _takes(request, name):
            sent, headers["Content-Encoding"] = packed, name
            break
    return FileResponse(sent, headers=headers, media_type=kind)


def packed_file(request: Request, file: Path) -> Response:
    """Return a file that is kept packed alone; unpacked for a client that takes no gzip."""
    kind = TYPES.get(Path(file.stem).suffix, "application/octet-stream")
    headers = {"Vary": "Accept-Encoding", "Cache-Control": "public, max-age=86400"}
    if _takes(request, "gzip"):
        return FileResponse(file, headers={**headers, "Content-Encoding": "gzip"}, media_type=kind)
    return Response(gzip.decompress(file.read_bytes()), headers=headers, media_type=kind)


def _takes(request: Request, coding: str) -> bool:
    accepted = request.headers.get("accept-encoding", "")
    return bool(re.search(rf"(?:^|[\s,]){coding}(?![^,]*q=0(?:\.0*)?(?:[,\s]|$))", accepted))


def user_file(file: Path, name: str) -> Response:
    """Return a file of a user: to be saved, never shown, and without rights where a browser shows it all the same."""
    if not file.is_file():
        raise HttpError(404, f"there is no file {name}")
    plain = re.sub(r"[^A-Za-z0-9._ -]|\.{2,}", "_", name)[:150].strip(" .") or "file"
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name[:200], safe='')}"
    headers = {
        "Content-Disposition": disposition,
        "Content-Security-Policy": USER_FILE_CSP,
        "Cache-Control": "no-store",
    }
    return FileResponse(file, headers=headers, media_type="application/octet-stream")
